import { EditorView } from "@codemirror/view";

customElements.define("merge-editor", class extends HTMLElement {
  connectedCallback() {
    this.view = new EditorView({ parent: this });
  }
});
