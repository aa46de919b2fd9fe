import { fixedLimits } from "./limits.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";

/** Numbers that stand for topics on one connection, as the client gave them. Source: MQTT 5 §3.3.2.3.4. */
export class TopicAliases {
	readonly #topics = new Map<number, string>();

	/** The topic meant; a topic given with an alias is remembered for it. */
	resolve(topic: string, alias: number | undefined): string {
		if (alias === undefined) return topic;
		if (alias < 1 || alias > fixedLimits.topicAliases) throw new ProtocolError(Reason.topicAliasInvalid, `Topic alias ${alias}`);
		if (topic !== "") {
			this.#topics.set(alias, topic);
			return topic;
		}
		const known = this.#topics.get(alias);
		if (known === undefined) throw new ProtocolError(Reason.protocolError, `Topic alias ${alias} was never given a topic`);
		return known;
	}
}
