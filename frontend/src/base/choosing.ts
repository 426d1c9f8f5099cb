/** A box marked `data-narrow` hides those labels of the list below it that don't have its text; what is ticked stays ticked. */
function narrow(box: HTMLInputElement): void {
  const wanted = box.value.trim().toLocaleLowerCase();
  for (const label of box.parentElement?.querySelectorAll<HTMLElement>("label") ?? []) {
    label.hidden = !label.textContent.toLocaleLowerCase().includes(wanted);
  }
}

export function startChoosing(): void {
  document.addEventListener("input", (event) => {
    const box = event.target as HTMLInputElement | null;
    if (box?.dataset.narrow !== undefined) narrow(box);
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target as HTMLElement | null;
    // Enter would send the form half chosen.
    if (event.key === "Enter" && box?.dataset.narrow !== undefined) event.preventDefault();
  });
}
