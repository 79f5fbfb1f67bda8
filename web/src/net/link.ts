// The conversation with the server: what was done goes out in order, what others did comes in, and the
// page plays on when nobody answers.

import type {
  Action,
  BeatHeard,
  ControllerNoticed,
  ControllersNow,
  FitFailed,
  Fitted,
  FromPage,
  FromServer,
  HandsSeen,
  Heard,
  InputsCalibrated,
  LandSurveyed,
  Making,
  Mimed,
  Opened,
  PerformersHere,
  PieceSummary,
  Rehearsed,
  Rehearsing,
  RoomHere,
  RunFollowed,
  StageHeard,
  StageNow,
  StageTook,
  Survey,
  Surveyed,
  SurveyLand,
} from "../protocol/messages";
import { type Fit, type Mime, PROTOCOL } from "../protocol/messages";
import type { Operation, Store } from "../state/store";
import { isThere } from "./http";
import type { BrowserKeeper } from "./keeping";
import { type Last, LastOpened } from "./offline";
import { type Numbered, Outbox, pieceOf } from "./outbox";
import { type MakeWire, type Wire, wireOfPage } from "./wire";

const SEND_MS = 120; // a drag leaves at most so often
const SAVE_AGAIN_MS = 3000;
const ORPHANS_MS = 1500;
const REFUSED_AFTER = 2; // attempts in a row

const OFFLINE =
  "The connection to Isobath is lost. You can play on; what you change is kept here and sent later.";
const REFUSED =
  "Isobath is running, but does not know this browser. Open the newest link from its terminal; what you changed is kept here.";
const AWAY = "That needs the server, which does not answer. Try again once the connection is back.";

export interface LinkEvents {
  /** A piece came from the server; the store has it, its listeners hear of it after this. */
  opened(opened: Opened): void;
  fitted(answer: Fitted | FitFailed): void;
  surveyed(answer: Surveyed): void;
  /** The connection stands again. */
  back(): void;
  /** The server wants to be told what is heard; said with every connection. */
  osc(): void;
  /** Controllers beside the page moved axes. */
  moved(axes: readonly string[], values: readonly number[]): void;
}

export class Link {
  private readonly socket: Wire;
  private readonly outbox: Outbox;
  private request = 0;
  /** Requests under way for a list with the trash in it; null where nobody has looked at the trash. */
  private trashAsked: Set<number> | null = null;
  private revision: number | null = null;
  private online = false;
  /** The server wants to be told what is heard. */
  private osc = false;
  /** Controllers that the server reads. */
  reads: readonly string[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private flushed = 0;
  /** Other pages that were mentioned already. */
  private readonly known = new Set<string>();
  private wanted: string | null;
  /** What is shown where nobody answers from the beginning on. */
  private readonly last = new LastOpened();
  private opened: Opened | null = null;
  /** Hears what is being made, while somebody looks. */
  making: (message: Making | RunFollowed) => void = () => {};
  /** Hears what controllers say; until somebody looks, only what is ignored is shown, and once. */
  controllers: (message: ControllersNow) => void = ({ sentence }) => {
    if (sentence !== "") this.say("information", sentence);
  };
  /** Hears what was learned of controllers and gestures. */
  taught: (message: ControllerNoticed | InputsCalibrated | Mimed) => void = () => {};
  /** Hears how a rehearsal goes, and what came of it. */
  rehearsal: (message: Rehearsing | Rehearsed) => void = () => {};
  /** Where others walk, too; null: nowhere. */
  room: RoomHere | null = null;
  /** Hears that there is a room. */
  roomed: () => void = () => {};
  /** Hears what the ground sounds like, while somebody walks. */
  land: (message: LandSurveyed) => void = () => {};
  /** Hears of the stage. */
  stage: (message: StageNow | StageHeard | StageTook) => void = () => {};
  /** Hears who else has the piece open, and where their hands are. */
  performers: (message: PerformersHere | HandsSeen) => void = () => {};
  /** Hears the set list; null: nobody here keeps it. `greets`: a connection begins. */
  setList: (pieces: readonly string[] | null, greets: boolean) => void = () => {};
  /** Hears the beats of a MIDI clock. */
  beat: (beat: BeatHeard) => void = () => {};
  /** Does what a controller's button asks for. */
  acted: (action: Action, begins: boolean) => void = () => {};

  constructor(
    private readonly store: Store,
    private readonly keeper: BrowserKeeper,
    private readonly url: string,
    readonly page: string,
    piece: string | null,
    private readonly events: LinkEvents,
    private readonly wire: MakeWire = wireOfPage,
  ) {
    this.wanted = piece;
    this.outbox = new Outbox(page, keeper);
    this.socket = this.wire(url, {
      opened: () => this.hello(),
      received: (message) => this.receive(message),
      lost: (attempts) => this.lost(attempts),
    });
    store.onOperation = (operation) => this.note(operation);
    store.subscribe((state, previous) => {
      if (this.opened === null || state.piece === null || state.piece === previous.piece) return;
      const { models, pieces, piece } = state;
      if (piece.id === this.opened.piece.id)
        this.last.keep({ models, pieces, opened: { ...this.opened, piece } });
    });
  }

  /** First what closed pages left behind, then this page. */
  async start(): Promise<void> {
    this.keeper.live(this.page);
    // A disk that does not answer must not keep the instrument waiting.
    const late = new Promise<Map<string, Numbered[]>>((done) => setTimeout(done, ORPHANS_MS, new Map()));
    const orphans = await Promise.race([this.keeper.orphans(), late]);
    for (const [page, messages] of orphans) await this.deliver(page, messages);
    this.socket.connect();
    addEventListener("online", () => this.socket.hurry());
    addEventListener("pagehide", () => {
      this.flush();
      this.outbox.keep();
    });
  }

  // ------------------------------------------------------------------ what a person asks

  openPiece(id: string): void {
    this.flush();
    this.ask({ type: "open_piece", request: ++this.request, id });
  }

  newPiece(name: string, model: string | null = null): void {
    this.flush();
    this.ask({ type: "new_piece", request: ++this.request, name, model });
  }

  duplicatePiece(id: string, name: string | null = null): void {
    this.flush();
    this.ask({ type: "duplicate_piece", request: ++this.request, id, name });
  }

  renamePiece(id: string, name: string): void {
    if (this.store.state.piece?.id === id) {
      this.store.edit("rename the piece", (piece) => ({ ...piece, name }), "rename the piece");
      return;
    }
    this.ask({ type: "rename_piece", request: ++this.request, id, name });
  }

  /** Into the trash. What is open there is no longer played on: the newest other piece is opened instead. */
  deletePiece(id: string): void {
    this.flush();
    const { piece, pieces } = this.store.state;
    this.ask({ type: "delete_piece", request: ++this.request, id });
    if (piece?.id !== id) return;
    const next = pieces.find((p) => p.id !== id && !p.example && !p.trashed);
    if (next === undefined) this.newPiece("Untitled");
    else this.openPiece(next.id);
  }

  restorePiece(id: string): void {
    this.ask({ type: "restore_piece", request: ++this.request, id });
  }

  listPieces(trash = false): void {
    this.ask({ type: "list_pieces", request: ++this.request, trash });
  }

  /** From now on the list of pieces has the trash too. */
  listTrash(): void {
    this.trashAsked ??= new Set();
    this.trashAsked.add(this.request + 1);
    this.listPieces(true);
  }

  /** Lists that are told to all pages come without the trash; who looks at it asks again. */
  private listed(pieces: readonly PieceSummary[], request: number | null): void {
    if (this.trashAsked === null || (request !== null && this.trashAsked.delete(request))) {
      this.store.set({ pieces });
      return;
    }
    const there = new Set(pieces.map((p) => p.id));
    const trash = this.store.state.pieces.filter((p) => p.trashed && !there.has(p.id));
    this.store.set({ pieces: [...pieces, ...trash] });
    this.listTrash();
  }

  /** Ask for a fit; its number, or null while there is no connection. */
  fit(fit: Omit<Fit, "type" | "request">): number | null {
    if (!this.online) return null;
    const request = ++this.request;
    return this.socket.send({ ...fit, type: "fit", request }) ? request : null;
  }

  /** Have the ground of a world measured; its number, or null while there is no connection. */
  surveyLand(survey: Omit<SurveyLand, "type" | "request">): number | null {
    if (!this.online) return null;
    const request = ++this.request;
    return this.socket.send({ ...survey, type: "survey_land", request }) ? request : null;
  }

  /** Ask for a safety map; its number, or null while there is no connection. */
  survey(survey: Omit<Survey, "type" | "request">): number | null {
    if (!this.online) return null;
    const request = ++this.request;
    return this.socket.send({ ...survey, type: "survey", request }) ? request : null;
  }

  /** Look at what is being made, and at the curves of a training; false while there is no connection. */
  watchMaking(watching: boolean, run: string | null): boolean {
    return this.online && this.socket.send({ type: "watch_making", watching, run });
  }

  /** Look at what controllers say; false while there is no connection. */
  watchControllers(watching: boolean): boolean {
    return this.online && this.socket.send({ type: "watch_controllers", watching });
  }

  /** "Move a knob", or no longer; the number of the request, null while there is no connection. */
  noticeController(on: boolean): number | null {
    const request = ++this.request;
    return this.online && this.socket.send({ type: "notice_controller", request, on }) ? request : null;
  }

  /** Learn the ranges of inputs while they are wiggled, or be done with it. */
  calibrateInputs(inputs: readonly string[], on: boolean): number | null {
    const request = ++this.request;
    const sent = this.online && this.socket.send({ type: "calibrate_inputs", request, inputs, on });
    return sent ? request : null;
  }

  /** Let axes stay where they are, whatever controllers say, or follow them again. */
  freezeAxes(axes: readonly string[], on: boolean): void {
    if (this.online) this.socket.send({ type: "freeze_axes", axes, on });
  }

  /** Ask for demonstrations of what was mimed. */
  mime(mime: Omit<Mime, "type" | "request">): number | null {
    const request = ++this.request;
    this.flush();
    return this.online && this.socket.send({ ...mime, type: "mime", request }) ? request : null;
  }

  /** Have the piece gone through, or no longer; the number of the request, null while there is no connection. */
  rehearse(on: boolean): number | null {
    const request = ++this.request;
    this.flush();
    return this.online && this.socket.send({ type: "rehearse", request, on, takes: true }) ? request : null;
  }

  /** Whether somebody wants to be told what is heard. */
  get heeded(): boolean {
    return this.online && this.osc;
  }

  /** Tell what is heard. */
  heard(heard: Omit<Heard, "type">): void {
    if (this.heeded) this.socket.send({ ...heard, type: "heard" });
  }

  /** Ask something of the stage; false while there is no connection. */
  toStage(message: FromPage): boolean {
    return this.online && this.socket.send(message);
  }

  /** Say what this page's performer is called. */
  callMe(name: string): void {
    if (this.online) this.socket.send({ type: "call_me", name });
  }

  /** Show others where the hand is; false while there is no connection. */
  showHand(axes: readonly string[], point: readonly number[]): boolean {
    return this.online && this.socket.send({ type: "show_hand", axes, point });
  }

  /** Tell where hands put axes, for movements that are looked for; false while there is no connection. */
  showMovement(axes: readonly string[], values: readonly number[], recording: boolean): boolean {
    return this.online && this.socket.send({ type: "show_movement", axes, values, recording });
  }

  /** Keep another set list; false while there is no connection. */
  changeSetList(before: readonly string[], pieces: readonly string[]): boolean {
    return this.online && this.socket.send({ type: "change_set_list", before, pieces });
  }

  private ask(message: FromPage): void {
    if (!this.online || !this.socket.send(message)) this.say("error", AWAY);
  }

  private say(kind: "error" | "information", sentence: string): void {
    this.store.set({ notice: { kind, sentence } });
  }

  // ------------------------------------------------------------------ what was done

  private note(operation: Operation): void {
    this.outbox.add(operation);
    this.showUnsaved();
    if (this.timer !== null) return;
    // The first of many leaves at once, so that a page closed in a hurry has little to lose.
    const wait = this.flushed + SEND_MS - Date.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  /** Send what waits, now. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.flushed = Date.now();
    if (!this.online) this.outbox.keep();
    else for (const message of this.outbox.takeUnsent()) this.socket.send(message);
  }

  private showUnsaved(): void {
    const unsent = this.outbox.unsaved;
    const { connection } = this.store.state;
    if (connection.unsent !== unsent) this.store.set({ connection: { ...connection, unsent } });
  }

  // ------------------------------------------------------------------ the connection

  private hello(): void {
    const piece = this.store.state.piece?.id ?? this.wanted;
    this.socket.send({ type: "hello", page: this.page, piece, revision: this.revision, protocol: PROTOCOL });
  }

  private lost(attempts: number): void {
    this.online = false;
    const unsent = this.outbox.unsaved;
    const { connection } = this.store.state;
    if (connection.state !== "refused")
      this.store.set({ connection: { state: "offline", sentence: OFFLINE, unsent } });
    this.outbox.keep();
    if (attempts > REFUSED_AFTER) void this.askWhetherRefused();
    if (this.store.state.piece === null) void this.last.recall().then((last) => this.goOnWith(last));
  }

  /** No network since the page was opened: what was played last is played on. */
  private goOnWith(last: Last | null): void {
    if (last === null || this.online || this.store.state.piece !== null) return;
    this.store.set({ models: last.models, pieces: last.pieces });
    this.show(last.opened);
  }

  private async askWhetherRefused(): Promise<void> {
    const there = await isThere();
    if (this.online) return;
    const unsent = this.outbox.unsaved;
    this.store.set({
      connection: there
        ? { state: "refused", sentence: REFUSED, unsent }
        : { state: "offline", sentence: OFFLINE, unsent },
    });
  }

  private receive(message: FromServer): void {
    switch (message.type) {
      case "welcome":
        this.welcome(message);
        break;
      case "saved":
        this.saved(message.number, message.revision);
        break;
      case "piece_opened":
        if (message.number !== null) this.outbox.saved(message.number);
        this.show(message.opened);
        break;
      case "piece_changed":
        this.changedElsewhere(message);
        break;
      case "pieces":
        this.listed(message.pieces, message.request);
        break;
      case "models":
        this.store.set({ models: message.models });
        break;
      case "fitted":
      case "fit_failed":
        this.events.fitted(message);
        break;
      case "land_surveyed":
        this.land(message);
        break;
      case "surveyed":
        this.events.surveyed(message);
        break;
      case "making":
      case "run_followed":
        this.making(message);
        break;
      case "moved":
        this.events.moved(message.axes, message.values);
        break;
      case "performers_here":
      case "hands_seen":
        this.performers(message);
        break;
      case "set_list_now":
        this.setList(message.pieces, false);
        break;
      case "beat_heard":
        this.beat(message);
        break;
      case "acted":
        this.acted(message.action, message.begins);
        break;
      case "stage_now":
      case "stage_heard":
      case "stage_took":
        this.stage(message);
        break;
      case "rehearsing":
      case "rehearsed":
        this.rehearsal(message);
        break;
      case "controllers_now":
        this.controllers(message);
        break;
      case "controller_noticed":
      case "inputs_calibrated":
      case "mimed":
        this.taught(message);
        break;
      case "problem":
        this.problem(message);
        break;
      case "pong":
        break;
    }
  }

  private welcome(message: Extract<FromServer, { type: "welcome" }>): void {
    this.online = true;
    const { models, pieces, notes, opened } = message;
    this.reads = message.reads;
    this.room = message.room;
    this.store.set({ models, pieces, firstRun: message.first_run });
    const again = this.outbox.reconnected(message.acknowledged);
    const unsent = this.outbox.unsaved;
    this.store.set({ connection: { state: "online", sentence: null, unsent } });
    // What waits here is newer than what the server has.
    if (opened !== null && !this.outbox.holds(opened.piece.id)) this.show(opened);
    for (const each of again) this.socket.send(each);
    if (notes.length > 0) this.say("information", notes.join(" "));
    this.events.back();
    this.setList(message.set_list, true);
    this.roomed();
    this.osc = message.osc;
    if (this.osc) this.events.osc();
  }

  private show(opened: Opened): void {
    this.opened = opened;
    this.revision = opened.revision;
    this.outbox.seen = opened.serial;
    this.wanted = opened.piece.id;
    this.store.open(opened);
    this.events.opened(opened);
    this.showUnsaved();
  }

  private saved(number: number, revision: number): void {
    if (this.outbox.pieceOf(number) === this.store.state.piece?.id) this.revision = revision;
    this.outbox.saved(number);
    this.showUnsaved();
  }

  private changedElsewhere(message: Extract<FromServer, { type: "piece_changed" }>): void {
    const { opened, page } = message;
    if (opened.piece.id !== this.store.state.piece?.id) return;
    // A change made here and still on its way will be the newer one.
    if (this.outbox.holds(opened.piece.id)) return;
    this.show(opened);
    if (page === this.page || this.known.has(page)) return;
    this.known.add(page);
    this.say("information", "Another page has this piece open too; changes made there appear here.");
  }

  private problem(message: Extract<FromServer, { type: "problem" }>): void {
    this.say("error", message.sentence);
    const { number, kind } = message;
    if (kind === "protocol") {
      this.socket.end();
      this.store.set({
        connection: { state: "refused", sentence: message.sentence, unsent: this.outbox.unsaved },
      });
    }
    if (number === null) return;
    if (kind === "save" || kind === "rate") {
      setTimeout(() => {
        const again = this.outbox.again(number);
        if (again !== null) this.socket.send(again);
      }, SAVE_AGAIN_MS);
    } else {
      this.outbox.drop(number);
      this.showUnsaved();
    }
  }

  // ------------------------------------------------------------------ what closed pages left behind

  /** Send a gone page's operations under its own name; they stay kept if that fails. */
  private deliver(page: string, messages: readonly Numbered[]): Promise<void> {
    const last = messages.at(-1);
    if (last === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timeout = setTimeout(() => end(), 4000);
      const end = (): void => {
        clearTimeout(timeout);
        socket.end();
        resolve();
      };
      const socket = this.wire(this.url, {
        opened: () =>
          socket.send({ type: "hello", page, piece: pieceOf(last), revision: 0, protocol: PROTOCOL }),
        received: (message) => {
          if (message.type === "welcome") {
            const left = messages.filter((each) => each.number > message.acknowledged);
            if (left.length === 0) {
              this.keeper.remove(page, last.number);
              end();
            }
            for (const each of left) socket.send(each);
          } else if (message.type === "saved" || message.type === "piece_opened") {
            if (message.number !== null) this.keeper.remove(page, message.number);
            if (message.number === last.number) end();
          } else if (message.type === "problem" && message.number !== null && message.kind !== "save") {
            this.keeper.remove(page, message.number);
            if (message.number === last.number) end();
          }
        },
        lost: () => end(),
      });
      socket.connect();
    });
  }
}
