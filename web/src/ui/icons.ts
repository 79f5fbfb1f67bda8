// Icons, drawn on a 24-unit grid with one line weight. All decorative: the control beside them has a name.

import { html, svg, type TemplateResult } from "lit";

const PATHS = {
  explore: "M12 3v3M12 18v3M3 12h3M18 12h3M12 12m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0M14.5 9.5l-1.7 3.3-3.3 1.7 1.7-3.3z",
  demonstrate: "M12 21s6-6.2 6-11a6 6 0 1 0-12 0c0 4.800 6 11 6 11zM12 10m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  learn: "M2.500 18c3.500 0 4-4 7-4s3.500 4 7 4 3.500-1.500 5-1.500M2.500 13c4 0 4.500-5 8-5s3.500 5 6.500 5 3-1.500 4.500-1.500M7 5.500c1-.800 2-1.500 3.500-1.500S14 5 16 6.500",
  play: "M4 17c3 2 5-1 7-5s4-7 9-6M20 6l-4-.500M20 6l-1.500 3.800",
  keep: "M5 4h14v16l-7-4.500L5 20z",
  undo: "M9 7L4.500 11.500 9 16M5 11.500h9a5 5 0 0 1 0 10h-2",
  redo: "M15 7l4.500 4.500L15 16M19 11.500h-9a5 5 0 0 0 0 10h2",
  light: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  dark: "M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z",
  system: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16z",
  help: "M9 9.200a3 3 0 1 1 4.300 2.700c-.900.500-1.300 1-1.300 2.100M12 17.500v.100",
  close: "M6 6l12 12M18 6L6 18",
  lock: "M6.500 11h11v9h-11zM9 11V7.500a3 3 0 0 1 6 0V11",
  unlock: "M6.500 11h11v9h-11zM9 11V7.500a3 3 0 0 1 5.800-1",
  more: "M6 12h.010M12 12h.010M18 12h.010",
  chevron: "M9 6l6 6-6 6",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13",
  copy: "M9 9h10v11H9zM5 15V4h10",
  mute: "M4 9.500v5h3.500L12 19V5L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5",
  sound: "M4 9.500v5h3.500L12 19V5L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11",
  record: "M12 12m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
  stop: "M7 7h10v10H7z",
  start: "M8 5.500l10.500 6.500L8 18.500z",
  loop: "M17 3.500l3 3-3 3M20 6.500H8a4 4 0 0 0-4 4v1M7 20.500l-3-3 3-3M4 17.500h12a4 4 0 0 0 4-4v-1",
  add: "M12 5v14M5 12h14",
  dice: "M4.500 4.500h15v15h-15zM8.500 8.500h.010M15.500 8.500h.010M12 12h.010M8.500 15.500h.010M15.500 15.500h.010",
  nudge: "M12 12m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M12 7V3.500M12 20.500V17M7 12H3.500M20.500 12H17",
  file: "M3 12h1.500M7 8v8M10.500 5v14M14 9v6M17.500 7v10M20.500 12h.500",
  download: "M12 4v11M7.500 11L12 15.500 16.500 11M5 20h14",
  upload: "M12 16V5M7.500 9L12 4.500 16.500 9M5 20h14",
  panic: "M8.300 3.500h7.400l4.800 4.800v7.400l-4.800 4.800H8.300l-4.800-4.800V8.300zM9 9l6 6M15 9l-6 6",
  edit: "M5 19l1-4L16.500 4.500l3 3L9 18z",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 12m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
  layers: "M12 4l9 5-9 5-9-5zM3.500 14L12 18.700 20.500 14",
  flag: "M6 21V4M6 4.500c4-2 7 2 12 0v8c-5 2-8-2-12 0",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    ${svg`<path d=${PATHS[name]}></path>`}
  </svg>`;
}

/** The mark: three isobaths around a sounding. */
export function mark(): TemplateResult {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    ${svg`<path d="M16 3c7 0 12.500 4.300 12.500 10.800 0 7.200-4.800 15.200-12.700 15.200C8.500 29 3.500 22.800 3.500 16 3.500 8.800 8.800 3 16 3z"></path>
    <path d="M16.800 8c4.500 0 7.700 2.600 7.700 6.700 0 4.700-3.200 9.800-8.200 9.800-4.600 0-7.800-3.600-7.800-8C8.500 11.900 12 8 16.800 8z"></path>
    <path d="M17.300 12.600c2 0 3.500 1.200 3.500 3 0 2.200-1.600 4.600-4 4.600-2.100 0-3.600-1.700-3.600-3.700 0-2.200 1.700-3.900 4.100-3.900z"></path>
    <circle cx="17" cy="16.300" r="1.500"></circle>`}
  </svg>`;
}
