// Which build of the kernel this browser can run. Asked with two tiny modules, one instruction each.

/** A module with one function of type () -> v128 whose body is `body`. */
function probe(...body: number[]): Uint8Array<ArrayBuffer> {
  const code = [0x00, ...body, 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
    ...[0x03, 0x02, 0x01, 0x00], // one function of it
    ...[0x0a, code.length + 2, 0x01, code.length, ...code],
  ]);
}

const ZERO = [0x41, 0x00, 0xfd, 0x0f]; // i32.const 0; i8x16.splat
const SIMD = probe(...ZERO);
// three vectors; f32x4.relaxed_madd
const RELAXED = probe(...ZERO, ...ZERO, ...ZERO, 0xfd, 0x85, 0x02);

export type Build = "relaxed" | "simd";

/** null: no SIMD, no sound. */
export function chooseBuild(
  validate: (bytes: Uint8Array<ArrayBuffer>) => boolean = (bytes) => WebAssembly.validate(bytes),
): Build | null {
  if (validate(RELAXED)) return "relaxed";
  if (validate(SIMD)) return "simd";
  return null;
}
