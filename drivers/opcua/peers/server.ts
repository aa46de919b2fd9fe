/**
 * An OPC UA server as a process of its own, so that tests can kill and freeze it. Speaks with its parent by messages:
 * `{ set, value }`, `{ get }`, `{ add, value, as }`, `{ remove }`. Its first message is `{ ready: true }`.
 */
import {
	DataType,
	MessageSecurityMode,
	OPCUACertificateManager,
	OPCUAServer,
	SecurityPolicy,
	StatusCodes,
	setErrorLogger,
	setWarningLogger,
	standardUnits,
	type UAVariable,
	Variant,
	VariantArrayType,
} from "node-opcua";
import type { PeerOptions } from "./server-options.ts";

setErrorLogger(() => {});
setWarningLogger(() => {});
const options = JSON.parse(process.argv[2] ?? "{}") as PeerOptions;

const certificates = new OPCUACertificateManager({
	rootFolder: `${options.folder}/server`,
	automaticallyAcceptUnknownCertificate: options.trustsClients,
});
const userCertificates = new OPCUACertificateManager({
	rootFolder: `${options.folder}/users`,
	automaticallyAcceptUnknownCertificate: true,
});
const server = new OPCUAServer({
	port: options.port,
	hostname: "127.0.0.1",
	resourcePath: "",
	serverCertificateManager: certificates,
	userCertificateManager: userCertificates,
	serverInfo: { applicationUri: "urn:millwright:test-server" },
	securityPolicies: options.secured
		? [
				SecurityPolicy.None,
				SecurityPolicy.Basic256Sha256,
				SecurityPolicy.Aes128_Sha256_RsaOaep,
				SecurityPolicy.Aes256_Sha256_RsaPss,
			]
		: [SecurityPolicy.None],
	securityModes: options.secured
		? [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt]
		: [MessageSecurityMode.None],
	allowAnonymous: options.anonymous,
	userManager: { isValidUser: (name: string, password: string) => name === "operator" && password === "right" },
	serverCapabilities: {
		maxBrowseContinuationPoints: 10,
		operationLimits: {
			maxNodesPerRead: options.mostPerCall,
			maxMonitoredItemsPerCall: options.mostPerCall,
			maxNodesPerBrowse: options.mostPerCall,
			maxNodesPerTranslateBrowsePathsToNodeIds: options.mostPerCall,
		},
	},
});
await server.initialize();
const space = server.engine.addressSpace;
if (!space) throw new Error("no address space");
for (let i = 0; i < options.namespacesBefore; i++) space.registerNamespace(`urn:millwright:before-${i}`);
const plant = space.registerNamespace("urn:millwright:test-plant");
const variables = new Map<string, UAVariable>();
const id = (name: string): string => `s=${options.nodePrefix}${name}`;

const line = plant.addFolder("ObjectsFolder", { browseName: "Line1", nodeId: id("Line1") });
const cnc = plant.addObject({ organizedBy: line, browseName: "CNC1", nodeId: id("CNC1") });
const add = (name: string, dataType: keyof typeof DataType, value: unknown, more: object = {}): UAVariable => {
	const variable = plant.addVariable({
		componentOf: cnc,
		browseName: name,
		nodeId: id(name),
		dataType,
		value: { dataType: DataType[dataType], arrayType: VariantArrayType.Scalar, value },
		...more,
	} as Parameters<typeof plant.addVariable>[0]);
	variables.set(name, variable);
	return variable;
};
add("Count", "Int32", 7);
add("Small", "Byte", 200);
add("Running", "Boolean", true);
add("Big", "Int64", [0x7fffffff, 0xffffffff]);
add("Total", "UInt64", [0xffffffff, 0xfffffffe]);
add("Name", "String", "Spindle ä 1");
add("Started", "DateTime", new Date("2026-01-05T06:00:00.123Z"));
add("Note", "LocalizedText", { text: "Warmlauf", locale: "de" });
add("Blob", "ByteString", Buffer.from("c0ffee", "hex"));
add("Level", "Double", 0);
add("Odd/Name: 50%", "Double", 4.25);
add("Profile", "Double", undefined, {
	valueRank: 1,
	arrayDimensions: [3],
	value: { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [1, 2.5, -3] },
});
add("ReadOnly", "Double", 1.5, { accessLevel: "CurrentRead", userAccessLevel: "CurrentRead" });
const analog = plant.addAnalogDataItem({
	componentOf: cnc,
	browseName: "Speed",
	description: "Spindle speed",
	nodeId: id("Speed"),
	dataType: "Double",
	engineeringUnitsRange: { low: 0, high: 20_000 },
	engineeringUnits: standardUnits.degree_celsius,
	value: { dataType: DataType.Double, value: 1200.5 },
});
variables.set("Speed", analog);
const mode = plant.addEnumerationType({ browseName: "TestMode", enumeration: ["Idle", "Running", "Held"] });
plant.addVariable({
	componentOf: cnc,
	browseName: "Mode",
	nodeId: id("Mode"),
	dataType: mode,
	value: { dataType: DataType.Int32, value: 1 },
} as Parameters<typeof plant.addVariable>[0]);
const many = plant.addFolder(line, { browseName: "Many", nodeId: id("Many") });
for (let i = 0; i < options.many; i++)
	plant.addVariable({
		organizedBy: many,
		browseName: `V${i}`,
		nodeId: id(`V${i}`),
		dataType: "Double",
		value: { dataType: DataType.Double, value: i },
	});

process.on("message", (message: { set?: string; value?: number; get?: string; remove?: string; add?: string; as?: string }) => {
	if (message.set !== undefined)
		variables
			.get(message.set)
			?.setValueFromSource(new Variant({ dataType: DataType.Double, value: message.value ?? 0 }), StatusCodes.Good, new Date());
	if (message.get !== undefined) {
		const value: unknown = variables.get(message.get)?.readValue().value.value;
		process.send?.({
			got: message.get,
			value: Array.isArray(value) || ArrayBuffer.isView(value) ? [...(value as number[])] : value,
		});
	}
	if (message.add !== undefined) add(message.add, "Double", message.value ?? 0, { nodeId: id(message.as ?? message.add) });
	if (message.remove !== undefined) {
		const gone = variables.get(message.remove);
		if (gone) space.deleteNode(gone);
	}
});
process.on("disconnect", () => process.exit(0));
await server.start();
process.send?.({ ready: true });
