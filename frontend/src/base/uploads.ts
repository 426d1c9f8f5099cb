/** A file larger than `data-most-mb` is refused before it is sent: a server that stops listening can't say why. */
export function startUploads(): void {
  document.addEventListener("change", (event) => {
    const field = event.target as HTMLInputElement | null;
    const most = Number(field?.dataset.mostMb);
    if (!field || !most) return;
    const size = field.files?.[0]?.size ?? 0;
    const isTooLarge = size > most * 2 ** 20;
    field.setCustomValidity(isTooLarge ? `This file is larger than ${String(most)} MB. Split it into several.` : "");
    if (isTooLarge) field.reportValidity();
  });
}
