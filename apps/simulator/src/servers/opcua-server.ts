import { createServer } from "node:net";
import { join } from "node:path";
import type { Log } from "@millwright/core";
import type { DataType, DataValue, OPCUAServer, StatusCode } from "node-opcua";

/** One variable of the server: an id within the namespace, grouped under the object before its dot. */
export interface OpcUaNode {
	/** "Reactor7.Temperature" */
	id: string;
	type: "number" | "integer" | "text";
	/** UNECE code, sign and name. */
	unit?: { code: string; sign: string; name: string };
	range?: readonly [number, number];
	description?: string;
	first: number | string;
	/** Takes a set point; the value is what the machine made of it. */
	write?(value: number): number;
}

export interface RunningOpcUa {
	readonly port: number;
	/** Where the namespace stands in this server's table. */
	readonly namespaceIndex: number;
	/** New value with its source time; same order as the nodes given. */
	set(index: number, value: number | string, time: Date): void;
	stop(): Promise<void>;
}

export interface OpcUaOptions {
	name: string;
	namespace: string;
	nodes: readonly OpcUaNode[];
	/** Holds the certificates. */
	folder: string;
	/** What clients dial, when that is not this server's own port. */
	advertisedPort: number;
	/** Namespaces registered before ours, so that its index differs from one start to another. */
	shift: number;
	now(): Date;
	log: Log;
}

async function freePort(): Promise<number> {
	const probe = createServer();
	await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
	const bound = probe.address();
	const port = bound && typeof bound === "object" ? bound.port : 0;
	await new Promise<void>((resolve) => probe.close(() => resolve()));
	return port;
}

/** An OPC UA server on a port of its own; the library is loaded only here. */
export async function startOpcUaServer(options: OpcUaOptions): Promise<RunningOpcUa> {
	const ua = await import("node-opcua");
	const { log } = options;
	// The library writes to the console otherwise, and standard output carries our one line of JSON.
	ua.setErrorLogger((...words: unknown[]) => log.debug(String(words[0])));
	ua.setWarningLogger((...words: unknown[]) => log.debug(String(words[0])));
	const manager = new ua.OPCUACertificateManager({
		rootFolder: join(options.folder, "pki"),
		automaticallyAcceptUnknownCertificate: true,
		disableFileWatchers: true,
	});
	await manager.initialize();
	const port = await freePort();
	const server: OPCUAServer = new ua.OPCUAServer({
		port,
		host: "127.0.0.1",
		hostname: "127.0.0.1",
		alternateHostname: ["127.0.0.1", "localhost"],
		advertisedEndpoints: `opc.tcp://127.0.0.1:${options.advertisedPort}`,
		serverCertificateManager: manager,
		serverInfo: {
			applicationUri: `urn:northworks:controller:${options.name}`,
			applicationName: { text: options.name, locale: "en" },
		},
		buildInfo: {
			productName: "Northworks process cell",
			manufacturerName: "Northworks",
			productUri: "urn:northworks:controller",
		},
		securityPolicies: [
			ua.SecurityPolicy.None,
			ua.SecurityPolicy.Basic256Sha256,
			ua.SecurityPolicy.Aes128_Sha256_RsaOaep,
			ua.SecurityPolicy.Aes256_Sha256_RsaPss,
		],
		securityModes: [ua.MessageSecurityMode.None, ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt],
		allowAnonymous: true,
		registerServerMethod: ua.RegisterServerMethod.HIDDEN,
		nodesets: [ua.nodesets.standard],
		serverCapabilities: { maxSessions: 20, minSupportedSampleRate: 10 },
	});
	await server.initialize();
	const space = server.engine.addressSpace;
	if (!space) throw new Error("The OPC UA server has no address space");
	for (let i = 0; i < options.shift; i++) space.registerNamespace(`urn:northworks:restarted:${i + 1}`);
	const namespace = space.registerNamespace(options.namespace);
	const types: Record<OpcUaNode["type"], DataType> = {
		number: ua.DataType.Double,
		integer: ua.DataType.Int32,
		text: ua.DataType.String,
	};
	const folders = new Map<string, ReturnType<typeof namespace.addObject>>();
	const setters: ((value: number | string, time: Date) => void)[] = [];
	const stamped = (dataType: DataType, value: number | string, time: Date): DataValue =>
		new ua.DataValue({
			value: { dataType, value },
			statusCode: ua.StatusCodes.Good,
			sourceTimestamp: time,
			serverTimestamp: new Date(),
		});
	for (const node of options.nodes) {
		const [group = "", name = node.id] = node.id.split(".");
		let folder = folders.get(group);
		if (!folder) {
			folder = namespace.addObject({ organizedBy: space.rootFolder.objects, browseName: group, nodeId: `s=${group}` });
			folders.set(group, folder);
		}
		const dataType = types[node.type];
		const common = {
			componentOf: folder,
			browseName: name,
			nodeId: `s=${node.id}`,
			dataType,
			minimumSamplingInterval: 10,
			accessLevel: node.write ? "CurrentRead | CurrentWrite" : "CurrentRead",
			userAccessLevel: node.write ? "CurrentRead | CurrentWrite" : "CurrentRead",
			...(node.description ? { description: node.description } : {}),
		};
		const range = node.range ?? [0, 1e6];
		const variable =
			node.unit && node.type !== "text"
				? namespace.addAnalogDataItem({
						...common,
						engineeringUnitsRange: { low: range[0], high: range[1] },
						engineeringUnits: ua.makeEUInformation(node.unit.code, node.unit.sign, node.unit.name),
					})
				: namespace.addVariable(common);
		const { write } = node;
		const put = (value: number | string, time: Date): void =>
			variable.setValueFromSource({ dataType, value }, ua.StatusCodes.Good, time);
		if (!write) setters.push(put);
		else {
			// Read through, because a variable that holds its value would take a written one as it is.
			let held = stamped(dataType, node.first, options.now());
			setters.push((value, time) => {
				held = stamped(dataType, value, time);
			});
			variable.bindVariable(
				{
					timestamped_get: () => held,
					timestamped_set: (dataValue: DataValue, done: (error: Error | null, status: StatusCode) => void) => {
						const asked: unknown = dataValue.value.value;
						if (typeof asked !== "number" || !Number.isFinite(asked)) return done(null, ua.StatusCodes.BadTypeMismatch);
						if (asked < range[0] || asked > range[1]) return done(null, ua.StatusCodes.BadOutOfRange);
						held = stamped(dataType, write(asked), options.now());
						done(null, ua.StatusCodes.Good);
					},
				},
				true,
			);
		}
		if (!write) put(node.first, options.now());
	}
	await server.start();
	return {
		port,
		namespaceIndex: namespace.index,
		set(index, value, time) {
			setters[index]?.(value, time);
		},
		async stop() {
			await server.shutdown(0);
			await manager.dispose();
		},
	};
}
