// The shaders: matt bodies in the light of the sky and of a sun, colours without any light, a sky, and dots. Light is
// added up as light; air is mixed in as the eye has it, after the picture's own curve.

import { type Brush, Paint } from "./brush";

/** Where corners are, and from where they are seen. */
const CORNERS = `
layout(location=0) in vec3 position;
layout(location=1) in vec3 normal;
layout(location=2) in mat4x3 place;
layout(location=6) in vec4 colour;
uniform mat4 seen;
out vec3 at;
out vec3 facing;
out vec4 tint;
void main() {
  at = place * vec4(position, 1.0);
  mat3 form = mat3(place);
  facing = form * (normal / vec3(dot(form[0], form[0]), dot(form[1], form[1]), dot(form[2], form[2])));
  tint = colour;
  gl_Position = seen * vec4(at, 1.0);
}`;

/** A whole step of the picture is a band in mist: half a step more or less, differently in each pixel, is none. */
const CURVE = `
vec3 curve(vec3 c) {
  return mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
vec3 grain(vec3 c) {
  return c + (fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5) / 255.0;
}`;

const AIR = `
in vec3 at;
in vec3 facing;
in vec4 tint;
uniform vec3 eye, air;
uniform vec2 sight;
out vec4 pixel;
${CURVE}
vec3 far(vec3 c) {
  return mix(curve(c), air, smoothstep(sight.x, sight.y, distance(at, eye)));
}`;

const MATT = `
uniform vec3 above, below, sun, sunward;
vec3 lit(vec3 c) {
  vec3 n = normalize(facing);
  return c * (mix(below, above, 0.5 + 0.5 * n.y) + sun * max(dot(n, sunward), 0.0));
}`;

/**
 * Bodies: `above` and `below` light them from the sky and the ground, `sun` from `sunward`; `air` (of the picture,
 * not of light) is all one sees beyond `sight[1]` metres from `eye`, and nothing of it before `sight[0]`.
 */
export const matt = (brush: Brush): Paint =>
  new Paint(
    brush,
    CORNERS,
    `${AIR}${MATT}
void main() { pixel = vec4(grain(far(lit(tint.rgb))), 1.0); }`,
  );

/** The same with isobaths drawn on it: lines of equal height, and a faint ring every ten metres where it is flat. */
export const ground = (brush: Brush): Paint =>
  new Paint(
    brush,
    CORNERS,
    `${AIR}${MATT}
void main() {
  float reach = length(at.xz) / 10.0, level = at.y / 1.5;
  float ring = abs(fract(reach - 0.5) - 0.5) / max(fwidth(reach), 1e-4);
  float line = abs(fract(level - 0.5) - 0.5) / max(fwidth(level), 1e-4);
  float steep = step(1e-4, fwidth(at.y));
  float ink = mix(0.10 * (1.0 - min(ring / 1.2, 1.0)), 0.34 * (1.0 - min(line / 1.3, 1.0)), steep);
  pixel = vec4(grain(far(lit(tint.rgb * (1.0 - ink)))), 1.0);
}`,
  );

/** Mist, glow and lines: the colour itself, as thick as its alpha times `veil`. */
export const plain = (brush: Brush): Paint =>
  new Paint(
    brush,
    CORNERS,
    `${AIR}
uniform float veil;
void main() { pixel = vec4(far(tint.rgb), tint.a * veil); }`,
  );

/** Behind everything, three tones from the feet to the crown of the head. Of a triangle that covers the picture. */
export const sky = (brush: Brush): Paint =>
  new Paint(
    brush,
    `layout(location=0) in vec3 position;
uniform vec3 across, rise, ahead;
out vec3 way;
void main() {
  way = ahead + position.x * across + position.y * rise;
  gl_Position = vec4(position.xy, 1.0, 1.0);
}`,
    `in vec3 way;
uniform vec3 horizon, zenith, nadir;
out vec4 pixel;
${CURVE}
void main() {
  float up = normalize(way).y;
  vec3 tone = up > 0.0 ? mix(horizon, zenith, pow(up, 0.65)) : mix(horizon, nadir, pow(-up, 0.4));
  pixel = vec4(grain(curve(tone)), 1.0);
}`,
  );

/** Round dots, fainter the farther behind the middle: `toward` leads to who looks, `radius` is as far as they lie. */
export const dots = (brush: Brush): Paint =>
  new Paint(
    brush,
    `layout(location=0) in vec3 position;
uniform mat4 seen;
uniform vec3 toward;
uniform float size, radius;
out float near;
void main() {
  near = clamp(0.5 + 0.5 * dot(position, toward) / radius, 0.0, 1.0);
  gl_PointSize = size * mix(0.7, 1.25, near);
  gl_Position = seen * vec4(position, 1.0);
}`,
    `in float near;
uniform vec3 colour;
uniform float least;
out vec4 pixel;
${CURVE}
void main() {
  float edge = 1.0 - smoothstep(0.36, 0.5, length(gl_PointCoord - 0.5));
  pixel = vec4(curve(colour), edge * mix(least, 0.55, near));
}`,
  );
