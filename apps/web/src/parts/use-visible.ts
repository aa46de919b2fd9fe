import { type RefObject, useEffect, useState } from "react";

const watched = new Map<Element, (visible: boolean) => void>();
let observer: IntersectionObserver | undefined;

const shared = (): IntersectionObserver =>
	(observer ??= new IntersectionObserver(
		(entries) => {
			for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting);
		},
		{ rootMargin: "120px" },
	));

/** True while the element is on screen, or nearly: what nobody sees is not subscribed. */
export function useVisible(element: RefObject<Element | null>): boolean {
	const [visible, setVisible] = useState(false);
	useEffect(() => {
		const target = element.current;
		if (!target) return;
		watched.set(target, setVisible);
		shared().observe(target);
		return () => {
			watched.delete(target);
			observer?.unobserve(target);
		};
	}, [element]);
	return visible;
}
