// What the page asked of the space, kept so that a new worklet can be told; and its module, fetched once a
// world needs it.

import { fetchSpace } from "./context";
import type { Sound } from "./hearing";
import type { SpaceSettings } from "./space";
import type { ToWorklet } from "./wire";

export class Spaces {
  private settings: SpaceSettings | null = null;
  private readonly sounds = new Map<number, Sound>();
  private module: WebAssembly.Module | null = null;
  private fetching: Promise<void> | null = null;

  constructor(
    private readonly send: (message: ToWorklet) => boolean,
    private readonly complain: (sentence: string) => void,
  ) {}

  set(settings: SpaceSettings): void {
    this.settings = settings;
    if (this.module !== null) this.tell();
    else this.fetch();
  }

  sound(number: number, sound: Sound | null): void {
    if (sound === null) this.sounds.delete(number);
    else this.sounds.set(number, sound);
    if (this.module !== null) this.send({ type: "place-sound", number, sound });
  }

  /** Tell a new worklet everything. */
  tellAll(): void {
    if (this.module === null) return;
    this.tell();
    for (const [number, sound] of this.sounds) this.send({ type: "place-sound", number, sound });
  }

  private tell(): void {
    const { settings, module } = this;
    if (settings !== null && module !== null) this.send({ type: "space", module, settings });
  }

  private fetch(): void {
    this.fetching ??= fetchSpace()
      .then((module) => {
        this.module = module;
        this.tellAll();
      })
      .catch((problem: Error) => this.complain(problem.message))
      .finally(() => {
        this.fetching = null;
      });
  }
}
