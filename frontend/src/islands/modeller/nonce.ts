/** The style sheets of the properties panel's text editors, under our policy. */
import { StyleModule } from "style-mod";

const mount = StyleModule.mount.bind(StyleModule);

/**
 * Gives CodeMirror's style sheets the nonce of this response.
 *
 * CodeMirror would take it as a setting, but the panel that creates the editors hands none on.
 */
export function giveStylesNonce(nonce: string): void {
  StyleModule.mount = (root, modules) => {
    mount(root, modules, { nonce });
  };
}
