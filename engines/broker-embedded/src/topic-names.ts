import { isFilter } from "@millwright/core";
import { fixedLimits } from "./limits.ts";

function tooDeep(topic: string): boolean {
	let levels = 1;
	for (let at = topic.indexOf("/"); at >= 0; at = topic.indexOf("/", at + 1)) if (++levels > fixedLimits.topicLevels) return true;
	return false;
}

/** A topic a client may publish to. U+FFFD is what broken UTF-8 decodes to. Source: MQTT 5 §4.7, §1.5.4. */
export const isTopicName = (topic: string): boolean =>
	topic.length > 0 &&
	(topic.length < 21_846 || Buffer.byteLength(topic) < 65_536) &&
	!topic.includes("+") &&
	!topic.includes("#") &&
	!topic.includes("\0") &&
	!topic.includes("\uFFFD") &&
	!tooDeep(topic);

export const isSubscribable = (filter: string): boolean => isFilter(filter) && !filter.includes("\uFFFD") && !tooDeep(filter);
