// Recordings on their way to the server: one after another, so that a disk is written in order and what has
// arrived is safe, and on, whatever part of the page is shown.

import { bringSound } from "../net/making";

export interface Underway {
  readonly set: string;
  readonly files: number;
  /** Whole recordings that have arrived. */
  readonly arrived: number;
  /** Of all bytes, 0 to 1. */
  readonly share: number;
  readonly name: string;
}

/** What may hold sound, or say something of sounds. */
const SOUNDS =
  /\.(wav|wave|w64|rf64|aiff?|aifc|flac|ogg|oga|opus|mp3|m4a|mp4|aac|wma|caf|au|snd|webm|mka|csv)$/i;

export class Bringing {
  underway: Underway | null = null;
  /** Sentences about what could not be brought, by set. */
  readonly refused = new Map<string, string[]>();
  private readonly waiting: { set: string; file: File }[] = [];
  private files = 0;
  private arrived = 0;
  private bytes = 0;
  private sent = 0;

  constructor(private readonly changed: () => void) {}

  /** Files that are no sounds are left where they are, and counted. */
  bring(set: string, files: readonly File[]): void {
    const sounds = files.filter((file) => SOUNDS.test(file.name) || file.type.startsWith("audio/"));
    const others = files.length - sounds.length;
    this.refused.set(set, others > 0 ? [leftOut(others, files)] : []);
    for (const file of sounds) {
      this.waiting.push({ set, file });
      this.files++;
      this.bytes += file.size;
    }
    if (this.underway === null) void this.work();
    else this.changed();
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const { set, file } = next;
      this.show(set, file.name, 0);
      try {
        await bringSound(set, file, (share) => this.show(set, file.name, share * file.size));
        this.arrived++;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.refused.get(set)?.push(`${file.name}: ${why}`);
      }
      this.sent += file.size;
    }
    this.underway = null;
    this.files = this.arrived = this.bytes = this.sent = 0;
    this.changed();
  }

  private show(set: string, name: string, part: number): void {
    const share = this.bytes > 0 ? Math.min(1, (this.sent + part) / this.bytes) : 0;
    this.underway = { set, name, files: this.files, arrived: this.arrived, share };
    this.changed();
  }
}

function leftOut(others: number, files: readonly File[]): string {
  const one = files.find((file) => !SOUNDS.test(file.name) && !file.type.startsWith("audio/"));
  return others === 1
    ? `${one?.name ?? "One file"} is no sound; it was left.`
    : `${others} files are no sounds; they were left.`;
}

/** Everything that was dropped, what lies in folders included. */
export async function filesIn(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return [...transfer.files];
  const found: File[] = [];
  for (const entry of entries) if (entry !== null) await walk(entry, found);
  return found;
}

async function walk(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (found.length >= 20_000 || entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await new Promise<File | null>((done) =>
      (entry as FileSystemFileEntry).file(done, () => done(null)),
    );
    if (file !== null) found.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done) => reader.readEntries(done, () => done([])));
    if (some.length === 0) return;
    for (const each of some) await walk(each, found);
  }
}
