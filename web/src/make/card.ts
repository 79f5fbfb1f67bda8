// A model card as the page shows it: headings, paragraphs, lists and tables of a Markdown file. Nothing in
// it is ever markup; pictures and links are left as words.

export type Block =
  | { readonly kind: "heading" | "paragraph"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

export function blocksOf(markdown: string): Block[] {
  const found: Block[] = [];
  for (const part of markdown.replace(/\r/g, "").split(/\n\s*\n/)) {
    const lines = part.split("\n").filter((line) => line.trim() !== "");
    while (lines[0]?.startsWith("#"))
      found.push({ kind: "heading", text: plain(lines.shift()!.replace(/^#+\s*/, "")) });
    if (lines.length === 0) continue;
    if (lines.every((line) => line.trimStart().startsWith("|"))) found.push(...tableOf(lines));
    else if (lines.every((line) => /^\s*[-*] |^\s{2,}/.test(line)))
      found.push({ kind: "list", items: itemsOf(lines) });
    else {
      const text = plain(lines.join(" "));
      if (text !== "") found.push({ kind: "paragraph", text });
    }
  }
  return found;
}

function tableOf(lines: readonly string[]): Block[] {
  const rows = lines
    .filter((line) => !/^[\s|:-]+$/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/^\||\|$/g, "")
        .split("|")
        .map(plain),
    );
  const ruled = lines.length > 1 && /^[\s|:-]+$/.test(lines[1]!);
  const head = ruled ? (rows.shift() ?? []) : [];
  return rows.length === 0 ? [] : [{ kind: "table", head, rows }];
}

function itemsOf(lines: readonly string[]): string[] {
  const items: string[] = [];
  for (const line of lines) {
    if (/^\s*[-*] /.test(line) || items.length === 0) items.push(line.replace(/^\s*[-*] /, ""));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return items.map(plain);
}

/** Words without their markup. */
function plain(text: string): string {
  return text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*`]{1,3}([^*`]+)[*`]{1,3}/g, "$1")
    .replace(/(?<!\w)_([^_]+)_(?!\w)/g, "$1")
    .trim();
}
