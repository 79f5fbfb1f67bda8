// What is opened in a world now and then, in one piece: what is in hand, the world itself, the way outside, who walks.

export { companyPanel } from "./company-panel";
export { handPanel } from "./hand-panel";
export { outsidePanel } from "./outside-panel";
export { hingeMarks, soundMarks } from "./placing";
export { worldPanel } from "./world-panel";
