// Mouse, touch and pen on a surface. Several fingers on one surface each move it (the newest wins); each
// finger on another surface moves that one. Pen pressure, or touch force, is an axis of its own.
//
// Browsers hold `pointermove` back until the next drawn frame, up to 16 ms; `pointerrawupdate` comes as the
// device sends it. Sound follows the raw events where there are any.

import type { Performer } from "./performer";

export interface SurfaceAxes {
  /** Axis ids; y grows upwards. null: the surface has no such direction (a fader). */
  readonly x: string | null;
  readonly y: string | null;
  readonly pressure: string | null;
}

export interface Place {
  x: number;
  y: number;
}

/** Where a pointer is on a surface, 0..1 each way, y upwards. */
export function placeOn(
  rect: { left: number; top: number; width: number; height: number },
  clientX: number,
  clientY: number,
): Place {
  const x = rect.width > 0 ? (clientX - rect.left) / rect.width : 0.5;
  const y = rect.height > 0 ? 1 - (clientY - rect.top) / rect.height : 0.5;
  return { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
}

/** Pen pressure or touch force, 0..1; null where the pointer has none (a mouse always says 0.5). */
export function pressureOf(event: { pointerType: string; pressure: number }): number | null {
  if (event.pointerType === "mouse") return null;
  // Fingers on screens that cannot feel force say 0 or exactly 0.5 or 1 all the time.
  if (
    event.pointerType === "touch" &&
    (event.pressure === 0 || event.pressure === 0.5 || event.pressure === 1)
  )
    return null;
  return event.pressure;
}

export interface SurfaceOptions {
  /** The axes now; asked at each event, so that a changed pad needs no new listeners. */
  axes(): SurfaceAxes;
  /** Whether this press plays (false: something else on the surface takes it, such as dragging a mark). */
  plays?(event: PointerEvent): boolean;
  /** A press that plays began or ended. */
  onPress?(down: boolean, event: PointerEvent): void;
}

/** Let pointers on `element` move axes; the answer takes the listeners off. */
export function playSurface(element: HTMLElement, performer: Performer, options: SurfaceOptions): () => void {
  const held = new Map<number, SurfaceAxes>();
  // Asked for at each press only: in between, asking could make the browser lay the page out anew.
  let rect = element.getBoundingClientRect();
  const raw = "onpointerrawupdate" in element ? "pointerrawupdate" : "pointermove";

  const move = (event: PointerEvent, axes: SurfaceAxes): void => {
    const place = placeOn(rect, event.clientX, event.clientY);
    const pressure = axes.pressure === null ? null : pressureOf(event);
    if (axes.x !== null && axes.y !== null) performer.set2(axes.x, place.x, axes.y, place.y);
    else if (axes.x !== null) performer.set(axes.x, place.x);
    else if (axes.y !== null) performer.set(axes.y, place.y);
    if (axes.pressure !== null && pressure !== null) performer.set(axes.pressure, pressure);
  };
  const each = (axes: SurfaceAxes, what: (axis: string) => void): void => {
    for (const axis of [axes.x, axes.y, axes.pressure]) if (axis !== null) what(axis);
  };

  const down = (event: PointerEvent): void => {
    if (event.button !== 0 || held.has(event.pointerId) || options.plays?.(event) === false) return;
    const axes = options.axes();
    rect = element.getBoundingClientRect();
    held.set(event.pointerId, axes);
    // A pointer that is gone already, or one made by a script, cannot be captured; it still plays.
    try {
      element.setPointerCapture(event.pointerId);
    } catch {}
    each(axes, (axis) => performer.touch(axis));
    move(event, axes);
    options.onPress?.(true, event);
  };
  const follow = (event: Event): void => {
    const axes = held.get((event as PointerEvent).pointerId);
    if (axes !== undefined) move(event as PointerEvent, axes);
  };
  const up = (event: PointerEvent): void => {
    const axes = held.get(event.pointerId);
    if (axes === undefined) return;
    held.delete(event.pointerId);
    each(axes, (axis) => performer.release(axis));
    options.onPress?.(false, event);
  };

  element.style.touchAction = "none";
  element.addEventListener("pointerdown", down);
  element.addEventListener(raw, follow);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("lostpointercapture", up);
  return () => {
    for (const axes of held.values()) each(axes, (axis) => performer.release(axis));
    held.clear();
    element.removeEventListener("pointerdown", down);
    element.removeEventListener(raw, follow);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
    element.removeEventListener("lostpointercapture", up);
  };
}
