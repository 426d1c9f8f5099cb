/** Files larger than `data-most-mb` together are refused before they are sent: a server that stops listening can't say why. */
export function startUploads(): void {
  document.addEventListener("change", (event) => {
    const field = event.target as HTMLInputElement | null;
    const most = Number(field?.dataset.mostMb);
    if (!field || !most) return;
    const sizes = [...(field.files ?? [])].map((one) => one.size);
    const isTooLarge = sizes.reduce((sum, size) => sum + size, 0) > most * 2 ** 20;
    const told =
      sizes.length > 1
        ? `These files are larger than ${String(most)} MB together. Choose fewer of them at a time.`
        : `This file is larger than ${String(most)} MB. Split it into several.`;
    field.setCustomValidity(isTooLarge ? told : "");
    if (isTooLarge) field.reportValidity();
  });
}
