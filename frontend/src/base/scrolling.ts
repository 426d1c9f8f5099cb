/** A form in the middle of a page leads back to that page; it shows again what was being read. */

const KEY = "lanewise.scrolled";

function address(): string {
  return location.pathname + location.search;
}

/** Keeps how far down the page is, until the next page of this tab has been read. */
export function keepScroll(): void {
  sessionStorage.setItem(KEY, JSON.stringify([address(), Math.round(scrollY)]));
}

/** Goes there again if this is the same page, unless it leads elsewhere or tells of a mistake. */
export function scrollBack(): void {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (!text || location.hash) return;
  const [from, down] = JSON.parse(text) as [string, number];
  if (from !== address() || document.querySelector('main :is([role="alert"], [aria-invalid="true"])')) return;
  scrollTo({ top: down, behavior: "instant" });
}

export function startScrolling(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
    if (form.getAttribute("method") === "post") keepScroll();
  });
  scrollBack();
}
