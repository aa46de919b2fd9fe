import { driver } from "@millwright/core";
import { Address, describe } from "./address.ts";
import { Settings } from "./settings.ts";

/** OPC UA client: browse, subscribe, read, write. Source: OPC UA Part 4 (services), Part 8 (units). */
export default driver({
	name: "opcua",
	title: "OPC UA",
	settings: Settings,
	address: Address,
	describe,
	async open(settings, tools) {
		// Late, because the library takes a second and 100 MB: a gateway without OPC UA never pays.
		const { openSession } = await import("./session.ts");
		return openSession(settings, tools);
	},
});
