import { readFileSync } from "node:fs";
import { createEmbeddedBroker } from "@millwright/broker-embedded";
import { type Broker, type BrokerAuthenticator, type Clock, type Log, MillwrightError } from "@millwright/core";
import type { NamespaceSettings } from "@millwright/namespace/api";
import type { Part } from "@millwright/runtime";
import { resolveEnvironment } from "@millwright/sense";

/** Whichever broker it is, as the edge uses it. */
export interface LocalBroker extends Broker {
	readonly part: Part;
	/** Where programs reach it on this box; 0 where it is elsewhere. */
	readonly port: number;
	/** Rights at a broker outside are that broker's own. */
	rightsChanged?(): void;
}

/** The broker of this box's namespace: inside, for readers, or one outside that the box publishes to. */
export async function openLocalBroker({
	settings,
	folder,
	version,
	authenticate,
	clock,
	log,
	environment,
}: {
	settings: NamespaceSettings;
	/** Of the broker inside: what waits for its readers, and what it retains. */
	folder: string;
	version: string;
	authenticate: BrokerAuthenticator;
	clock: Clock;
	log: Log;
	environment: Readonly<Record<string, string | undefined>>;
}): Promise<LocalBroker> {
	const { broker, mqtt } = settings;
	if (broker.kind === "embedded")
		return createEmbeddedBroker({
			listen: mqtt.listen,
			tls: mqtt.tls,
			policies: mqtt.policies,
			limits: mqtt,
			folder,
			version,
			authenticate,
			clock,
			log,
		});
	// Most boxes have none; its client is not loaded there.
	const { createMqttBroker } = await import("@millwright/broker-mqtt");
	const place = "namespace.broker";
	const { url, clientId, username, password, caFile, certFile, keyFile, queueMessages, queueBytes } = resolveEnvironment(
		broker,
		environment,
		place,
	);
	const tls = {
		...(caFile === undefined ? {} : { ca: pem(caFile, `${place}.caFile`) }),
		...(certFile === undefined ? {} : { cert: pem(certFile, `${place}.certFile`) }),
		...(keyFile === undefined ? {} : { key: pem(keyFile, `${place}.keyFile`) }),
	};
	const outside = createMqttBroker({
		url,
		clientId,
		...(username === undefined ? {} : { credentials: { username, ...(password === undefined ? {} : { password }) } }),
		...(Object.keys(tls).length > 0 ? { tls } : {}),
		queue: { messages: queueMessages, bytes: queueBytes },
		maxRetained: mqtt.maxRetained,
		clock,
		log,
	});
	return Object.assign(outside, { port: 0 });
}

function pem(file: string, place: string): Buffer {
	try {
		return readFileSync(file);
	} catch (cause) {
		throw new MillwrightError("edge.certificate-unreadable", `${file} cannot be read`, {
			kind: "input",
			place,
			hint: "Give the path of a PEM file that this user may read.",
			cause,
		});
	}
}
