// What is said aloud to a screen reader: short, and never faster than it can be read.

let region: HTMLElement | null = null;
let timer = 0;
let waiting = "";

export function announceInto(element: HTMLElement): void {
  region = element;
}

/** The newest sentence wins; moves of the vessel are said once they pause. */
export function announce(sentence: string, afterMs = 60): void {
  waiting = sentence;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    if (region !== null) region.textContent = region.textContent === waiting ? `${waiting}\u00a0` : waiting;
  }, afterMs);
}
