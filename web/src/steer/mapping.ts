// A fitted mapping on the page (docs/mapping-format.md): `MappingData` is the JSON as it travels; `prepare` checks
// it, once; `evaluate` plays it, frame by frame; `Blend` crossfades from one to the next.

export { BLEND_SECONDS, Blend } from "./blend";
export type { LayerData, MappingData, PartData, Profile, TermData } from "./mapping-data";
export { evaluate, knowsUncertainty, type Prepared, uncertainty } from "./mapping-evaluate";
export { prepare } from "./mapping-read";
