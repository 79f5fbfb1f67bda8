// One animation loop for everything that is drawn, so that a frame is one pass and nothing runs unseen.

export type Draw = (seconds: number) => void;

class Ticker {
  private readonly draws = new Set<Draw>();
  private running = false;

  add(draw: Draw): () => void {
    this.draws.add(draw);
    if (!this.running) {
      this.running = true;
      requestAnimationFrame(this.frame);
    }
    return () => this.draws.delete(draw);
  }

  private readonly frame = (milliseconds: number): void => {
    if (this.draws.size === 0) {
      this.running = false;
      return;
    }
    for (const draw of this.draws) draw(milliseconds / 1000);
    requestAnimationFrame(this.frame);
  };
}

export const ticker = new Ticker();
