// Pieces as files: carried away, and brought back.

import { exportAlone, exportPiece as fetchExport, importPiece as sendImport } from "../net/http";
import { announce } from "./announcer";
import type { App } from "./app";
import { download } from "./transport";

export async function exportPiece(app: App): Promise<void> {
  const piece = app.store.state.piece;
  if (piece === null) return;
  try {
    app.link.flush();
    const name = piece.name.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "piece";
    download(await fetchExport(piece.id), `${name}.isobath`);
    announce("The piece is in your downloads.");
  } catch (error) {
    complain(app, error);
  }
}

/** Page, models and piece as a folder for any web host. */
export async function publishPiece(app: App): Promise<void> {
  const piece = app.store.state.piece;
  if (piece === null) return;
  try {
    app.link.flush();
    announce("Packing the page, the models and the piece…");
    const name = piece.name.replace(/[^\p{L}\p{N} _-]+/gu, "").trim() || "piece";
    download(await exportAlone(piece.id), `${name}.zip`);
    announce("The folder is in your downloads, as a zip.");
  } catch (error) {
    complain(app, error);
  }
}

export async function importPiece(app: App, file: File): Promise<void> {
  try {
    const { id, notes } = await sendImport(file);
    app.link.openPiece(id);
    if (notes.length > 0) app.store.set({ notice: { kind: "information", sentence: notes.join(" ") } });
  } catch (error) {
    complain(app, error);
  }
}

function complain(app: App, error: unknown): void {
  app.store.set({
    notice: { kind: "error", sentence: error instanceof Error ? error.message : String(error) },
  });
}
