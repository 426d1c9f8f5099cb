/** Sections that are closed open where something in them is asked for: by a link, or to be filled in. */

function open(target: Element | null): void {
  for (let one = target?.closest("details"); one; one = one.parentElement?.closest("details")) one.open = true;
}

export function startSections(): void {
  // Before the browser looks for what to focus: it can't reach what is closed, and would say nothing.
  document.addEventListener(
    "invalid",
    (event) => {
      open(event.target as Element | null);
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest<HTMLAnchorElement>(".lw-jumps a");
    if (link) open(document.getElementById(link.hash.slice(1)));
  });
}
