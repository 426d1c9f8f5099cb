/** Filter bars send themselves: selects at once, the search box after a pause. */

const PAUSE_MS = 350;

function send(form: HTMLFormElement): void {
  // Empty arguments would only make addresses long and caches miss.
  for (const control of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) {
    control.disabled = control.value === "";
  }
  form.requestSubmit();
  for (const control of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) {
    control.disabled = false;
  }
}

export function startFilters(): void {
  let timer = 0;
  document.addEventListener("change", (event) => {
    const control = event.target as HTMLElement;
    if (!control.matches("[data-submit-on-change]")) return;
    const form = control.closest("form");
    if (form) send(form);
  });
  document.addEventListener("input", (event) => {
    const control = event.target as HTMLElement;
    const form = control.closest<HTMLFormElement>("form[data-filters]");
    if (!form || !control.matches("[data-search]")) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      sessionStorage.setItem("lanewise:searching", location.pathname);
      send(form);
    }, PAUSE_MS);
  });
  keepSearching();
}

/** Puts the cursor back into the search box after the page that its typing loaded. */
function keepSearching(): void {
  if (sessionStorage.getItem("lanewise:searching") !== location.pathname) return;
  sessionStorage.removeItem("lanewise:searching");
  const box = document.querySelector<HTMLInputElement>("[data-search]");
  box?.focus();
  box?.setSelectionRange(box.value.length, box.value.length);
}
