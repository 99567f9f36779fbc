import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** Reads messages that Stele has encoded with Kafka's own classes, writes them again and says of each line: "same",
 *  "unknown" where this release has no such version, or what is wrong. */
public class Reencode {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine())
            System.out.println(judge(line.split(" ")));
    }

    private static String judge(String[] words) {
        try {
            ApiMessage message = make(words[0]);
            short version = Short.parseShort(words[1]);
            if (message == null || version < message.lowestSupportedVersion() || version > message.highestSupportedVersion())
                return "unknown";
            byte[] bytes = HexFormat.of().parseHex(words.length > 2 ? words[2] : "");
            ByteBuffer left = ByteBuffer.wrap(bytes);
            message.read(new ByteBufferAccessor(left), version);
            if (left.hasRemaining())
                return left.remaining() + " bytes are left over";
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer again = ByteBuffer.allocate(message.size(cache, version));
            message.write(new ByteBufferAccessor(again), cache, version);
            return again.flip().equals(ByteBuffer.wrap(bytes)) ? "same" : "Kafka writes it differently: " + message;
        } catch (Exception e) {
            return "refused: " + e;
        }
    }

    private static ApiMessage make(String name) throws Exception {
        for (String type : new String[] {"common.message." + name + "Data", "common.message." + name, "common.metadata." + name,
                                         "coordinator.group.generated." + name}) {
            try {
                return (ApiMessage) Class.forName("org.apache.kafka." + type).getDeclaredConstructor().newInstance();
            } catch (ClassNotFoundException e) {
                continue;
            }
        }
        return null;
    }
}
