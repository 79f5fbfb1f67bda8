// Everything a page needs to be an instrument, put together.

import { StagedInstrument } from "../audio/staged";
import { Outside } from "../gesture/outside";
import { PageHub } from "../gesture/page-hub";
import { PageSources } from "../gesture/page-sources";
import { Performer } from "../gesture/performer";
import { BrowserKeeper } from "../net/keeping";
import { Link } from "../net/link";
import { ALONE } from "../net/wire";
import { bind } from "./binding";
import { Fitting } from "./fitting";
import { heed } from "./heeding";
import { newId } from "./identity";
import { Movements } from "./movements";
import { Performers } from "./performers";
import { recallPlaces } from "./places";
import { Store } from "./store";
import { Surveying } from "./surveying";

export interface Session {
  readonly store: Store;
  readonly instrument: StagedInstrument;
  readonly performer: Performer;
  readonly link: Link;
  readonly fitting: Fitting;
  /** Controllers that the page reads itself. */
  readonly hub: PageHub;
  readonly sources: PageSources;
  /** Others who have the piece open. */
  readonly performers: Performers;
  /** Recorded movements of the axes. */
  readonly movements: Movements;
}

/** What this browser has chosen. */
export interface Chosen {
  /** What its performer is called; empty: by a number. */
  name(): string;
  /** Others' moves are this page's as well. */
  together(): boolean;
}

export function createSession(chosen: Chosen): Session {
  const store = new Store();
  const page = newId();
  const instrument = new StagedInstrument(page);
  const performer = new Performer();
  const outside = new Outside(performer);
  const socketUrl = new URL("ws", document.baseURI);
  socketUrl.protocol = socketUrl.protocol === "https:" ? "wss:" : "ws:";
  socketUrl.search = "";
  const piece = new URL(location.href).searchParams.get("piece");
  let telling = false;
  const link = new Link(
    store,
    new BrowserKeeper(ALONE === null ? undefined : null),
    socketUrl.href,
    page,
    piece,
    {
      opened: (opened) => {
        fitting.adopt(opened);
        performers.anew();
        instrument.opened(opened.piece.id);
        surveying.anew();
        if (ALONE === null) showAddress(opened.piece.id);
        else if (location.hash === "" && opened.piece.world !== null) location.hash = "#walk";
      },
      fitted: (answer) => fitting.answered(answer),
      surveyed: (answer) => surveying.answered(answer),
      back: () => {
        performers.anew();
        if (chosen.name() !== "") link.callMe(chosen.name());
        instrument.back();
        fitting.back();
        surveying.anew();
      },
      osc: () => {
        if (telling) return;
        telling = true;
        void import("../look/telling").then(({ tellHeard }) => tellHeard(instrument, link, performer));
      },
      moved: (axes, values) => {
        performers.movedElsewhere(axes);
        instrument.movedElsewhere(axes, values);
        outside.moved(axes, values);
      },
    },
  );
  const performers = new Performers({
    performer,
    axes: () => store.state.piece?.axes.map((axis) => axis.id) ?? [],
    together: () => instrument.onStage || chosen.together(),
    show: (axes, point) => link.showHand(axes, point),
    moved: (axes, values) => {
      instrument.movedElsewhere(axes, values);
      outside.moved(axes, values);
    },
  });
  link.performers = (message) => performers.hear(message);
  instrument.tell = (message) => link.toStage(message);
  instrument.flush = () => link.flush();
  link.stage = (message) => instrument.hear(message);
  const fitting = new Fitting(store, (fit) => link.fit(fit));
  const surveying = new Surveying(store, (survey) => link.survey(survey));
  store.set({ placed: recallPlaces() });
  bind(store, instrument, performer);
  const hub = new PageHub(performer, (action, begins) => link.acted(action, begins));
  const sources = new PageSources(hub);
  heed(store, link, hub, sources);
  void link.start();
  const movements = new Movements(store, performer, (axes, values, recording) =>
    link.showMovement(axes, values, recording),
  );
  const session = { store, instrument, performer, link, fitting, hub, sources, performers, movements };
  // For a person at the console, and for the tests that listen to what the page really plays.
  Object.assign(window, { isobath: session });
  return session;
}

/** A reload, or a copied address, opens the same piece. */
function showAddress(piece: string): void {
  const address = new URL(location.href);
  if (address.searchParams.get("piece") === piece) return;
  address.searchParams.set("piece", piece);
  history.replaceState(null, "", address);
}
