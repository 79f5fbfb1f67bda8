import { expect, test } from "vitest";
import type { ModelSummary, Piece } from "../protocol/messages";
import { lateness, rateOf } from "./rate";

function model(name: string, sample_rate: number): ModelSummary {
  return { name, sample_rate } as ModelSummary;
}

function piece(...models: string[]): Piece {
  return { voices: models.map((name) => ({ model: name })) } as unknown as Piece;
}

const MODELS = [model("cd", 44100), model("film", 48000), model("radio", 16000)];

test("the highest rate of a piece's models is the piece's", () => {
  expect(rateOf({ piece: piece("radio"), models: MODELS })).toBe(16000);
  expect(rateOf({ piece: piece("radio", "cd"), models: MODELS })).toBe(44100);
  expect(rateOf({ piece: piece("film", "radio", "cd"), models: MODELS })).toBe(48000);
});

test("what is not known yet does not count", () => {
  expect(rateOf({ piece: piece("nobody", "radio"), models: MODELS })).toBe(16000);
  expect(rateOf({ piece: piece("nobody"), models: MODELS })).toBe(44100);
  expect(rateOf({ piece: null, models: [] })).toBe(44100);
});

test("another rate costs a filter each way", () => {
  expect(lateness(44100, 44100, 2)).toBe(0);
  expect(lateness(16000, 48000, 1)).toBe(96);
  expect(lateness(48000, 44100, 2)).toBe(64);
});
