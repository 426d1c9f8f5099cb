/** A form in the middle of a page leads back to that page; it shows again what was being read. */

const KEY = "lanewise.scrolled";

function address(): string {
  return location.pathname + location.search;
}

/** Keeps how far down the page is, until the next page of this tab has been read: this one, or `next`. */
export function keepScroll(next = address()): void {
  sessionStorage.setItem(KEY, JSON.stringify([next, Math.round(scrollY)]));
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
  // Links that only show a part of the same page otherwise, such as a timeline narrowed to mails.
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest<HTMLAnchorElement>("[data-keep-scroll] a[href]");
    const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented;
    if (link && !opensElsewhere && link.pathname === location.pathname) keepScroll(link.pathname + link.search);
  });
  scrollBack();
}
