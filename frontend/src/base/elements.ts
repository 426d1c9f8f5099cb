/** A diagram and the page around it: what stands at a chosen element, and links that show one. */
import { showIn } from "./htmx.ts";

/** Fetches what the page has to say of an element into its panel, if it has one. */
function openPanel(id: string): void {
  const panel = document.querySelector<HTMLElement>("[data-element-panel]");
  if (!panel) return;
  const url = `${panel.dataset.elementPanel ?? ""}?element=${encodeURIComponent(id)}`;
  void showIn(panel, url);
}

export function startElements(): void {
  document.addEventListener("lanewise:element", (event) => {
    openPanel((event as CustomEvent<{ element_id: string }>).detail.element_id);
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest<HTMLElement>("[data-show-element]");
    const diagram = document.querySelector('[data-island="viewer"][data-island-state="ready"]');
    if (!link || !diagram) return;
    event.preventDefault();
    const id = link.dataset.showElement ?? "";
    document.dispatchEvent(new CustomEvent("lanewise:show", { detail: { element_id: id } }));
    diagram.scrollIntoView({ block: "center" });
    openPanel(id);
  });
}
