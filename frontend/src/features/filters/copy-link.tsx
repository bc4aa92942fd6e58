import { Icon } from "../../components/icon";
import { useToasts } from "../../components/toasts";
import { copyText } from "../../lib/copy-text";

/** The host page does not show our address: the link opens the panel alone. */
export function CopyLink({ href }: { href: string }) {
  const showToast = useToasts();
  return (
    <a
      className="button chip"
      href={href}
      target="_blank"
      rel="noreferrer"
      title="Copies the link of this view; with Ctrl it opens in a tab of its own"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        const link = event.currentTarget.href;
        copyText(link).then(
          () => {
            showToast({ tone: "good", text: "The link of this view was copied." });
          },
          () => {
            showToast({ tone: "error", text: `Copy this link: ${link}` });
          },
        );
      }}
    >
      <Icon name="link" />
      Copy link
    </a>
  );
}
