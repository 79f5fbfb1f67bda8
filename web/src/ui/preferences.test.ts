import { describe, expect, it } from "vitest";
import { PreferenceStore } from "./preferences";

/** A storage in memory; `broken` refuses to write. */
function storage(broken = false): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (broken) throw new DOMException("full", "QuotaExceededError");
      kept.set(key, value);
    },
  } as unknown as Storage;
}

describe("what belongs to this browser", () => {
  it("is there again the next time", () => {
    const disk = storage();
    new PreferenceStore(disk).set({ theme: "dark", guide: 3 });
    expect(new PreferenceStore(disk).value).toMatchObject({ theme: "dark", guide: 3, isobaths: true });
  });
  it("still changes where nothing can be stored", () => {
    const preferences = new PreferenceStore(storage(true));
    let told = 0;
    preferences.subscribe(() => told++);
    preferences.set({ hover: true });
    expect([preferences.value.hover, told]).toEqual([true, 1]);
  });
  it("shrugs at what it cannot read", () => {
    const disk = storage();
    disk.setItem("isobath.preferences", "{not json");
    expect(new PreferenceStore(disk).value.theme).toBe("system");
  });
});
