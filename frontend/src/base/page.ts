/** What the server put into the document's head for scripts, and news about changed content. */

type ContentListener = (root: ParentNode) => void;

/** The CSRF token that unsafe requests send as `X-CSRFToken`. */
export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** The nonce of this response; browsers hide it from attributes, so the property is read. */
export function cspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.nonce ?? "";
}

/** A decorative icon of the sprite; `name` is one of src/icons.ts. */
export function icon(name: string): SVGSVGElement {
  const sprite = document.querySelector<HTMLMetaElement>('meta[name="icons"]')?.content ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** Calls `listener` for the whole document now and for every piece that htmx swaps in later. */
export function onContent(listener: ContentListener): void {
  listener(document);
  document.addEventListener("htmx:after:process", (event) => {
    if (event.target instanceof Element) listener(event.target);
  });
}

/** The elements that match below `root`, and `root` itself where it matches. */
export function matching<E extends Element>(root: ParentNode, selector: string): E[] {
  const found = [...root.querySelectorAll<E>(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root as unknown as E);
  return found;
}

/** Builds an element: `el("button", { class: "btn", type: "button" }, "Save")`. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
