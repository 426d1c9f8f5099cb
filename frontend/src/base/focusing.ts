/** Where the keyboard stands after htmx has replaced what it stood on. */

const REACHED = "a[href], button, input:not([type=hidden]), select, textarea, summary";

let held: Element | null = null;

/** Notes what has the focus before something is replaced. */
export function holdFocus(): void {
  held = document.activeElement;
}

/**
 * Goes to the same link among the new content, or else to what comes first in it, if the focus
 * went with the old. htmx itself finds again what has an id.
 */
export function findFocus(content: readonly Node[]): void {
  const gone = held !== null && !held.isConnected && document.activeElement === document.body;
  if (!gone) return;
  const reached = content.flatMap((node) =>
    node instanceof Element ? [...(node.matches(REACHED) ? [node] : []), ...node.querySelectorAll<HTMLElement>(REACHED)] : [],
  ) as HTMLElement[];
  const href = held?.getAttribute("href");
  const same = href ? reached.filter((one) => one.getAttribute("href") === href) : [];
  for (const one of [...same, ...reached]) {
    one.focus({ preventScroll: true });
    if (document.activeElement === one) return;
  }
}

export function startFocusing(): void {
  document.addEventListener("htmx:before:swap", holdFocus);
  document.addEventListener("htmx:before:settle", (event) => {
    findFocus((event as CustomEvent<{ newContent: readonly Node[] }>).detail.newContent);
  });
}
