// What play_loop.mjs needs of the page, for one bundle.
export { followingOf, Looped, Recorded } from "../../web/src/audio/hearing";
export { sourceFloats } from "../../web/src/audio/listening";
export { Loop } from "../../web/src/audio/loop";
export { Player } from "../../web/src/audio/player";
export { shapingFloats } from "../../web/src/audio/shaping";
export { stackOf } from "../../web/src/audio/take";
export { Foresight } from "../../web/src/steer/foresight";
export { isPlaced, sounding, spaceOf } from "../../web/src/state/space";
export { wayOf } from "../../web/src/state/scenes";
export { prepare } from "../../web/src/steer/mapping";
