import { createHash, timingSafeEqual } from "node:crypto";
import { type BrokerAuthenticator, coveredBy, type DataClass, type Log } from "@millwright/core";
import { resolveEnvironment } from "@millwright/sense";
import type { LocalSettings } from "./settings.ts";

/** Where the box tells how it is; every reader may listen there. */
export const statusTopic = "millwright/edge/status";

const digest = (text: string | Uint8Array): Buffer => createHash("sha256").update(text).digest();

/** Readers by name and password: they may listen up to their clearance, and never publish. */
export function readersOnly({
	settings,
	classOf,
	log,
	environment,
}: {
	settings: () => LocalSettings;
	/** Of a topic; what nobody knows is restricted. */
	classOf(topic: string): DataClass;
	log: Log;
	environment: Readonly<Record<string, string | undefined>>;
}): BrokerAuthenticator {
	return async ({ username = "", password = new Uint8Array(), address }) => {
		const { readers } = settings();
		const reader = Object.hasOwn(readers, username) ? readers[username] : undefined;
		const due = reader ? resolveEnvironment(reader.password, environment, `local.readers.${username}.password`) : "";
		const isRight = timingSafeEqual(digest(due), digest(password));
		if (!reader || !isRight) {
			log.warn("A program was refused at the local broker", { username, address });
			return undefined;
		}
		return {
			principal: `reader:${username}`,
			mayPublish: () => false,
			maySubscribe: () => true,
			mayReceive: (topic) => topic === statusTopic || coveredBy(reader.clearance, classOf(topic)),
		};
	};
}
