/** The bpmn-js modeller with everything around the canvas, and what it writes. */
import type BaseViewer from "bpmn-js/lib/BaseViewer";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import Modeler from "bpmn-js/lib/Modeler";
import templateChooser from "@bpmn-io/element-template-chooser";
import { CreateAppendAnythingModule, CreateAppendElementTemplatesModule } from "bpmn-js-create-append-anything";
import { CloudElementTemplatesPropertiesProviderModule } from "bpmn-js-element-templates";
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  ZeebePropertiesProviderModule,
} from "bpmn-js-properties-panel";
import zeebeBehaviours from "camunda-bpmn-js-behaviors/lib/camunda-cloud";
import translate from "diagram-js/lib/i18n/translate/translate";
import minimap from "diagram-js-minimap";
import zeebeModdle from "zeebe-bpmn-moddle/resources/zeebe.json";

import { el } from "../../base/page.ts";
import { TEXT, THEME_COLOURS } from "../diagram/canvas.ts";

interface TemplatesLoader {
  setTemplates(templates: readonly object[]): void;
}

/** What the panels call after another product. */
const WORDS = new Map([["Camunda Form", "Form"]]);
const ourWords = {
  translate: [
    "value",
    (text: string, values?: Record<string, string>) => translate(WORDS.get(text) ?? text, values),
  ] as ["value", typeof translate],
};

/** Groups of the properties panel for which our engine has nothing to run. */
const LEFT_OUT = new Set(["Zeebe__ExecutionListeners", "Zeebe__TaskListeners", "Zeebe__ExtensionProperties"]);
/** After all other providers, so that their groups are there to be left out. */
const LAST = 100;

interface PropertiesPanel {
  registerProvider(priority: number, provider: object): void;
}

/** Takes those groups away. */
class FewerGroups {
  static readonly $inject = ["propertiesPanel"];

  constructor(panel: PropertiesPanel) {
    panel.registerProvider(LAST, this);
  }

  readonly getGroups = () => (groups: readonly { readonly id: string }[]) =>
    groups.filter((group) => !LEFT_OUT.has(group.id));
}

const fewerGroups = { __init__: ["fewerGroups"], fewerGroups: ["type", FewerGroups] as ["type", typeof FewerGroups] };

export function createModeler(canvas: HTMLElement, panel: HTMLElement): Modeler {
  return new Modeler({
    container: canvas,
    bpmnRenderer: THEME_COLOURS,
    textRenderer: TEXT,
    propertiesPanel: { parent: panel },
    minimap: { open: false },
    moddleExtensions: { zeebe: zeebeModdle },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      ZeebePropertiesProviderModule,
      CloudElementTemplatesPropertiesProviderModule,
      CreateAppendAnythingModule,
      CreateAppendElementTemplatesModule,
      templateChooser,
      zeebeBehaviours,
      minimap,
      fewerGroups,
      ourWords,
    ],
  });
}

/** A diagram to look at: no palette, no properties, nothing that changes it. */
export function createReader(canvas: HTMLElement): NavigatedViewer {
  return new NavigatedViewer({
    container: canvas,
    bpmnRenderer: THEME_COLOURS,
    textRenderer: TEXT,
    minimap: { open: false },
    moddleExtensions: { zeebe: zeebeModdle },
    additionalModules: [minimap],
  });
}

export function setTemplates(modeler: BaseViewer, templates: readonly object[]): void {
  modeler.get<TemplatesLoader>("elementTemplatesLoader").setTemplates(templates);
}

export async function xmlOf(modeler: BaseViewer): Promise<string> {
  const { xml } = await modeler.saveXML({ format: true });
  if (xml === undefined) throw new Error("The diagram could not be written");
  return xml;
}

/** The picture with plain colours: in a file there is no theme to take them from. */
export async function svgOf(xml: string): Promise<string> {
  const container = el("div", { class: "visually-hidden" });
  document.body.append(container);
  const viewer = new NavigatedViewer({ container, moddleExtensions: { zeebe: zeebeModdle } });
  try {
    await viewer.importXML(xml);
    return (await viewer.saveSVG()).svg;
  } finally {
    viewer.destroy();
    container.remove();
  }
}
