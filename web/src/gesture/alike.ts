// Devices of one name: the second is called `NAME #2`, so that two equal controllers are two. The server tells
// its own apart in the same way (src/isobath/inputs/alike.py).

const NUMBERED = /^(.*\S) #([1-9]\d*)$/s;

/** A name without the numbers that change when it is plugged in again. */
const plainName = (name: string): string => name.replace(/(?:\s+\d+:\d+|\s*\(\d+\))$/, "").trim();

/** What a device that has just come is called among those that are there; the first keeps its name. */
export function toldApart(name: string, taken: Iterable<string>): string {
  const names = new Set([...taken].map(plainName));
  const plain = plainName(name);
  if (!names.has(plain)) return name;
  let number = 2;
  while (names.has(`${plain} #${number}`)) number++;
  return `${plain} #${number}`;
}

/** Whether a piece means this device. Nothing means every one, a part of a name all that have it, a whole
 * name the first that is called so, and `NAME #2` the second; case does not count. */
export function meansDevice(wanted: string, device: string): boolean {
  const asked = split(wanted.toLowerCase());
  const here = split(plainName(device.toLowerCase()));
  if (asked.number !== null) return (here.number ?? 1) === asked.number && here.name.includes(asked.name);
  if (asked.name === here.name) return here.number === null;
  return device.toLowerCase().includes(asked.name);
}

function split(name: string): { readonly name: string; readonly number: number | null } {
  const found = NUMBERED.exec(name);
  return found === null ? { name, number: null } : { name: found[1]!, number: Number(found[2]) };
}
