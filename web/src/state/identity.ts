// Short random identifiers, made where the thing is made.

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  let id = "";
  for (const byte of bytes) id += LETTERS[byte % LETTERS.length];
  return id;
}
