InitialPage.getInitialProps = () => ({ text: "From getInitialProps" });

export default function InitialPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
