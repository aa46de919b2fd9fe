import { IconDatabase, IconHierarchy3, IconMenu2, IconPlugConnected, IconTopologyStar3 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { loopPlaces, overviewPlace } from "./navigation.ts";
import { useSession } from "./session.tsx";

const icons: Record<string, typeof IconMenu2> = {
	overview: IconTopologyStar3,
	sense: IconPlugConnected,
	twins: IconHierarchy3,
	history: IconDatabase,
};

/** On phones: what the thumb reaches. */
export function BottomBar({ onMore }: { onMore: () => void }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const places = [overviewPlace, ...loopPlaces].filter((place) => icons[place.key] && may(place.needs));
	return (
		<nav className="bottom-bar" aria-label={t("nav.short")}>
			{places.map((place) => {
				const Icon = icons[place.key] as typeof IconMenu2;
				return (
					<Link
						key={place.key}
						to={place.to}
						className="bottom-item"
						activeOptions={{ exact: place.to === "/", includeSearch: false }}
					>
						<Icon size={20} stroke={1.7} />
						<span className="cut">{t(`nav.${place.key}`)}</span>
					</Link>
				);
			})}
			<button type="button" className="plain-button bottom-item" onClick={onMore}>
				<IconMenu2 size={20} stroke={1.7} />
				<span className="cut">{t("nav.more")}</span>
			</button>
		</nav>
	);
}
