/** A box marked `data-tick-all="name"` ticks all boxes of that name on the page, or none of them. */
export function startTicking(): void {
  document.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement | null;
    const name = box?.dataset.tickAll;
    if (!box || !name) return;
    for (const one of document.querySelectorAll<HTMLInputElement>("input[type=checkbox]")) {
      if (one.name === name) one.checked = box.checked;
    }
  });
}
