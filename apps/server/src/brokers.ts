import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createEmbeddedBroker, type EmbeddedBrokerOptions } from "@millwright/broker-embedded";
import { createMqttBroker, type OutsideBroker } from "@millwright/broker-mqtt";
import { type Broker, MillwrightError } from "@millwright/core";
import type { NamespaceParts } from "@millwright/namespace";
import type { BridgeSettings, NamespaceSettings, OutsideBrokerSettings } from "@millwright/namespace/api";
import type { Part } from "@millwright/runtime";
import { resolveEnvironment } from "@millwright/sense";

/** Whichever broker it is, as the server uses it. */
export interface ServerBroker extends Broker {
	readonly part: Part;
	/** Where clients reach it on this machine; 0 where it is elsewhere. */
	readonly port: number;
	handleWebSocketUpgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
	/** Rights at a broker outside are that broker's own. */
	disconnectPrincipal?(principal: string): void;
	rightsChanged?(): void;
}

/** The namespace's broker: inside, or any MQTT 5 broker outside. */
export function openBroker({
	settings,
	root,
	judge,
	...embedded
}: {
	settings: NamespaceSettings;
	root: () => string;
	judge: NamespaceParts["onExternalPublish"];
} & Omit<EmbeddedBrokerOptions, "listen" | "tls" | "policies" | "limits" | "onExternalPublish">): ServerBroker {
	const { broker, mqtt } = settings;
	if (broker.kind === "embedded")
		return createEmbeddedBroker({
			...embedded,
			listen: mqtt.listen,
			tls: mqtt.tls,
			policies: mqtt.policies,
			limits: mqtt,
			onExternalPublish: judge,
		});
	const { clock, log } = embedded;
	const outside = outsideBroker(broker, broker.clientId, "namespace.broker");
	return Object.assign(createMqttBroker({ ...outside, maxRetained: mqtt.maxRetained, clock, log, external: { root, judge } }), {
		port: 0,
	});
}

/** Settings as the engine wants them: secrets looked up, files read. */
export function outsideBroker(settings: OutsideBrokerSettings | BridgeSettings, clientId: string, place: string): OutsideBroker {
	const { url, username, password, caFile, certFile, keyFile, queueMessages, queueBytes } = resolveEnvironment(
		settings,
		process.env,
		place,
	);
	return {
		url,
		clientId,
		...(username === undefined ? {} : { credentials: { username, ...(password === undefined ? {} : { password }) } }),
		...(caFile === undefined && certFile === undefined
			? {}
			: {
					tls: {
						...(caFile === undefined ? {} : { ca: pem(caFile, `${place}.caFile`) }),
						...(certFile === undefined ? {} : { cert: pem(certFile, `${place}.certFile`) }),
						...(keyFile === undefined ? {} : { key: pem(keyFile, `${place}.keyFile`) }),
					},
				}),
		queue: { messages: queueMessages, bytes: queueBytes },
	};
}

function pem(file: string, place: string): Buffer {
	try {
		return readFileSync(file);
	} catch (cause) {
		throw new MillwrightError("server.certificate-unreadable", `${file} cannot be read`, {
			kind: "input",
			place,
			hint: "Give the path of a PEM file that this user may read.",
			cause,
		});
	}
}
