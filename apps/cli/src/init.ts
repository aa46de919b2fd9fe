import { writeFile } from "node:fs/promises";
import { MillwrightError } from "@millwright/core";

const first = `# The configuration of one Millwright. Every section has defaults; what stands here is what a plant usually sets.
# The screens edit this file too: comments survive, former versions are kept in config-history/.

http:
  listen:
    host: 127.0.0.1 # 0.0.0.0 once a certificate is given below
    port: 8080
  # tls:
  #   certFile: server.crt
  #   keyFile: server.key

namespace:
  root: udt
  mqtt:
    listen:
      host: 127.0.0.1
      port: 1883

sense:
  # A kind of machine: which tags it has and where they lie.
  maps: {}
  # Machines and servers: add them here or under Sense in the screens.
  connections: {}

twin:
  # Kinds of assets with units, ranges, normal bands and limits.
  templates: {}
  # Titles of enterprise, site, area and line.
  places: {}
  # The assets, by path: northworks/building-a/line-1/press-1.
  assets: {}
`;

/** A first configuration to fill in; never over an existing one. */
export async function initialise(file = "millwright.yaml"): Promise<void> {
	await writeFile(file, first, { flag: "wx", mode: 0o600 }).catch((cause: unknown) => {
		throw new MillwrightError("cli.init-failed", `${file} could not be written`, {
			kind: "input",
			hint: "Choose a name that does not exist yet: millwright init my-plant.yaml",
			cause,
		});
	});
	process.stdout.write(`${file} written. Next: npx millwright start --config ${file}\n`);
}
