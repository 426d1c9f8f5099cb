/** A box that narrows a long list of ticks to those with what is typed; what is ticked stays in sight. */

function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function narrow(box: HTMLInputElement): void {
  const wanted = folded(box.value.trim());
  const list = document.getElementById(box.dataset.narrows ?? "");
  for (const label of list?.querySelectorAll<HTMLLabelElement>("label") ?? []) {
    const ticked = label.querySelector<HTMLInputElement>("input")?.checked ?? false;
    label.hidden = !ticked && !folded(label.textContent).includes(wanted);
  }
}

export function startNarrowing(): void {
  document.addEventListener("input", (event) => {
    const box = event.target as HTMLElement;
    if (box instanceof HTMLInputElement && box.matches("[data-narrows]")) narrow(box);
  });
  // Enter looks, it does not save the form around.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.target as HTMLElement).matches("[data-narrows]")) event.preventDefault();
  });
}
