/**
 * Acts when the pointer is released, if it is pressed: a message that appears between press and release, because the field
 * before lost the focus, moves the button below the pointer, and the click is lost.
 */
export function afterPress(act: () => void): void {
  if (document.querySelector(":active") === null) return act();
  addEventListener("mouseup", () => setTimeout(act), { once: true, capture: true });
}

/** The properties of a field that is checked when it loses the focus. */
export function checkedAfterPress<Props extends { onBlur?: () => void }>(
  { onBlur, ...props }: Props,
): Omit<Props, "onBlur"> & { onBlur: () => void } {
  return { ...props, onBlur: () => afterPress(() => onBlur?.()) };
}
