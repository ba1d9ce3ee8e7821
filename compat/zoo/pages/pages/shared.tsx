export { getStaticProps } from "../lib/dated";

export default function SharedPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
