// A canvas as sharp as the screen.

/** Size the canvas to its box in device pixels; true when it changed and so must be drawn again. */
export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number): boolean {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  if (canvas.width === w && canvas.height === h) return false;
  canvas.width = w;
  canvas.height = h;
  return true;
}

/** The 2-D context in CSS pixels. */
export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d")!;
  const scale = Math.min(3, window.devicePixelRatio || 1);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

export interface Ink {
  paper: string;
  raised: string;
  water: string;
  ink: string;
  ink2: string;
  ink3: string;
  line: string;
  strong: string;
  mark: string;
  profile: string;
  profileLine: string;
  warn: string;
  danger: string;
  good: string;
  dark: boolean;
  /** Size of the text, 1 = 16 px: figures on the canvas grow with the page. */
  rem: number;
}

let inks: Ink | null = null;

/** The theme's colours for canvas drawing; read once per theme, not per frame. */
export function ink(): Ink {
  if (inks !== null) return inks;
  const root = document.documentElement;
  const style = getComputedStyle(root);
  const get = (name: string) => style.getPropertyValue(name).trim();
  inks = {
    paper: get("--paper"),
    raised: get("--paper-raised"),
    water: get("--water"),
    ink: get("--ink"),
    ink2: get("--ink-2"),
    ink3: get("--ink-3"),
    line: get("--line"),
    strong: get("--line-strong"),
    mark: get("--mark"),
    profile: get("--profile"),
    profileLine: get("--profile-line"),
    warn: get("--warn"),
    danger: get("--danger"),
    good: get("--good"),
    dark: root.dataset.theme === "dark",
    rem: Number.parseFloat(style.fontSize) / 16 || 1,
  };
  return inks;
}

export function forgetInk(): void {
  inks = null;
}
