// How a phone comes in: the newest link as a QR code. It lets one phone in; then there is another one.

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { get } from "../net/http";
import { ALONE } from "../net/wire";
import { View } from "./app";

const ASK_MS = 2000;

interface Shown {
  readonly link: string | null;
  readonly svg: string;
}

@customElement("isobath-phone-door")
export class PhoneDoor extends View {
  /** What the link opens: walk, look, jam; empty: the surface. */
  @property() way = "";
  @state() private shown: Shown | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    const asking = setInterval(() => void this.ask(), ASK_MS);
    this.whileHere(() => clearInterval(asking));
    void this.ask();
  }

  protected override concerns(): boolean {
    return false;
  }

  private async ask(): Promise<void> {
    if (document.hidden || ALONE !== null) return;
    const piece = this.state.piece?.id ?? "";
    try {
      const shown = (await (await get(`phone?piece=${piece}&way=${this.way}`)).json()) as Shown;
      if (shown.link !== this.shown?.link) this.shown = shown;
    } catch {
      this.shown = null; // the connection's own line says that the server is away
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    if (ALONE !== null) return html`<p class="hint">Whoever has the address of this page can open it.</p>`;
    const { shown } = this;
    if (shown === null) return nothing;
    if (shown.link === null)
      return html`<p class="hint">
        Start Isobath with <code>--phone</code>, and phones in this network can come in by a code that appears here.
      </p>`;
    return html`<img
        class="phone-code"
        alt="QR code of the link for a phone"
        src="data:image/svg+xml,${encodeURIComponent(shown.svg)}"
      />
      <p class="hint">
        Scan it with a phone in the same network. It lets one in; whoever comes in can play and change your pieces.
        <a href=${shown.link} class="phone-link">The link itself</a>
      </p>`;
  }
}
