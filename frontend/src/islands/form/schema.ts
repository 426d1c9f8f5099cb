/** Reading a form-js schema before it is shown. */
import { isObject } from "../../base/http.ts";

export interface Component {
  readonly type: string;
  readonly action?: string;
  readonly label?: string;
  readonly components?: readonly Component[];
}

export interface Schema {
  readonly components: readonly Component[];
}

function isSubmit(component: Component): boolean {
  return component.type === "button" && (component.action ?? "submit") === "submit";
}

/** The label of the schema's own submit button, where it has one. */
export function submitLabelOf(schema: Schema): string | undefined {
  for (const component of schema.components) {
    if (isSubmit(component)) return component.label;
    const nested = component.components && submitLabelOf({ components: component.components });
    if (nested) return nested;
  }
  return undefined;
}

/** The schema without its submit buttons: every form has one and the same place to send it from. */
export function withoutSubmit<S extends Schema>(schema: S): S {
  return { ...schema, components: schema.components.filter((each) => !isSubmit(each)).map(inner) };
}

function inner(component: Component): Component {
  return component.components ? withoutSubmit(component as Component & Schema) : component;
}

/** Typed values laid over the server's; objects are merged, lists and plain values replaced. */
export function overlay(
  below: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const under = below[name];
    merged[name] = isObject(value) && isObject(under) ? overlay(under, value) : value;
  }
  return merged;
}
