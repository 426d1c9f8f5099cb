/** Puts the server's messages at the fields of a form. */
import type { Form } from "@bpmn-io/form-js-viewer";

interface FieldInstance {
  readonly id: string;
  readonly valuePath: readonly (string | number)[];
  readonly indexes?: Readonly<Record<string, number>>;
}

interface InstanceRegistry {
  getAllKeyed(): readonly FieldInstance[];
}

type Messages = Readonly<Record<string, readonly string[]>>;
type ErrorState = Record<string, unknown>;

/** Where form-js keeps a field's errors: by id, below it by the row of each list it stands in. */
function put(state: ErrorState, instance: FieldInstance, messages: readonly string[]): void {
  const rows = Object.values(instance.indexes ?? {});
  const last = rows.at(-1);
  if (last === undefined) {
    state[instance.id] = [...messages];
    return;
  }
  let level = (state[instance.id] ??= {}) as Record<number, unknown>;
  for (const row of rows.slice(0, -1)) level = (level[row] ??= {}) as Record<number, unknown>;
  level[last] = [...messages];
}

/**
 * Splits the server's messages into form-js's error state and what belongs to no visible field.
 * Paths are dotted, rows counted from 0: "lines.0.price".
 */
export function arrange(instances: readonly FieldInstance[], messages: Messages): [ErrorState, string[]] {
  const byPath = new Map(instances.map((instance) => [instance.valuePath.join("."), instance]));
  const state: ErrorState = {};
  const rest: string[] = [];
  for (const [path, found] of Object.entries(messages)) {
    const instance = byPath.get(path);
    if (instance) put(state, instance, found);
    else rest.push(...found);
  }
  return [state, rest];
}

/** Shows the messages; returns those for which the form has no field. */
export function showErrors(form: Form, messages: Messages): string[] {
  const registry = form.get<InstanceRegistry>("formFieldInstanceRegistry");
  const [errors, rest] = arrange(registry.getAllKeyed(), messages);
  form._setState({ errors });
  return rest;
}

/** Moves to the first field with a message; false where there is none. */
export function focusFirstError(container: HTMLElement): boolean {
  const field = container.querySelector(".fjs-has-errors");
  const control = field?.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea, [tabindex]");
  control?.focus();
  field?.scrollIntoView({ block: "center" });
  return control !== undefined && control !== null;
}
