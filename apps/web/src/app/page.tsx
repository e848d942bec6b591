import { Bridge } from '../bridge/bridge';

export default function Page() {
  return <Bridge />;
}
