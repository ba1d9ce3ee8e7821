import { preconnect, preload, prefetchDNS } from "react-dom";
import { View } from "../../lib/view";

export const revalidate = 600;

export default function PreloadsPage() {
  preload("/fonts/inter.woff2", { as: "font", type: "font/woff2", crossOrigin: "anonymous" });
  preload("/images/big, (1).jpg", { as: "image" });
  preconnect("https://cdn.example.com");
  prefetchDNS("https://static.example.com");
  return <View title="Preloads" />;
}
