// GStreamer: appsrc ! shmsink in the writer, shmsrc ! appsink in each reader.
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <sched.h>
#include <unistd.h>

#include <stdexcept>

#include "../pace.h"
#include "../peer.h"
#include "common/clock.h"

namespace camtap::bench {
namespace {

// Frames that fit into the shared memory: as many as may be on their way, and one for each reader.
constexpr uint64_t kOnTheirWay = 4;
constexpr const char* kSocket = "gstreamer.sock";

std::string caps(FrameSize size) {
    return "video/x-raw,format=BGR,width=" + std::to_string(size.width) +
           ",height=" + std::to_string(size.height) + ",framerate=0/1";
}

// Owns: a pipeline, which runs.
class Pipeline {
  public:
    explicit Pipeline(const std::string& description) {
        gst_init(nullptr, nullptr);
        GError* error = nullptr;
        pipeline_ = gst_parse_launch(description.c_str(), &error);
        if (error != nullptr) throw std::runtime_error(std::string("GStreamer: ") + error->message);
        app_ = gst_bin_get_by_name(GST_BIN(pipeline_), "app");
        if (gst_element_set_state(pipeline_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
            throw std::runtime_error("GStreamer: the pipeline doesn't start");
    }
    ~Pipeline() {
        gst_element_set_state(pipeline_, GST_STATE_NULL);
        gst_object_unref(app_);
        gst_object_unref(pipeline_);
    }
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;
    GstElement* app() const { return app_; }

  private:
    GstElement* pipeline_ = nullptr;
    GstElement* app_ = nullptr;
};

std::string sending(const Assignment& a) {
    const uint64_t bytes = a.work.size.bytes();
    return "appsrc name=app format=time block=true max-buffers=1 max-bytes=0 caps=" + caps(a.work.size) +
           " ! shmsink name=sink wait-for-connection=false sync=false socket-path=" + file_in(a, kSocket) +
           " shm-size=" + std::to_string((bytes + 4096) * (kOnTheirWay + a.work.readers + a.work.visitors)) +
           " perms=438";  // 0666: the same rights as camtap gives
}

std::string receiving(const Assignment& a) {
    return "shmsrc is-live=true socket-path=" + file_in(a, kSocket) + " ! " + caps(a.work.size) +
           " ! appsink name=app sync=false max-buffers=1 drop=false";
}

class GstSender : public Sender {
  public:
    explicit GstSender(const Assignment& a) : bytes_(a.work.size.bytes()), pipeline_(sending(a)) {
        ask_for_allocator(a);
    }
    ~GstSender() override { gst_object_unref(allocator_); }

    // In the sink's shared memory, so that the sink doesn't copy. While that is full its allocator hands out
    // ordinary memory.
    std::byte* acquire() override {
        buffer_ = gst_buffer_new_allocate(allocator_, bytes_, nullptr);
        while (buffer_ != nullptr && gst_buffer_peek_memory(buffer_, 0)->allocator != allocator_) {
            gst_buffer_unref(buffer_);
            sched_yield();
            buffer_ = gst_buffer_new_allocate(allocator_, bytes_, nullptr);
        }
        if (buffer_ == nullptr || gst_buffer_map(buffer_, &map_, GST_MAP_WRITE) == FALSE)
            throw std::runtime_error("GStreamer: no memory");
        return reinterpret_cast<std::byte*>(map_.data);
    }
    void publish() override {
        gst_buffer_unmap(buffer_, &map_);
        if (gst_app_src_push_buffer(GST_APP_SRC(pipeline_.app()), buffer_) != GST_FLOW_OK)
            throw std::runtime_error("GStreamer: the sink takes no more frames");
    }

  private:
    // As an element would that makes frames; appsrc doesn't ask by itself.
    void ask_for_allocator(const Assignment& a) {
        GstCaps* const format = gst_caps_from_string(caps(a.work.size).c_str());
        GstQuery* const query = gst_query_new_allocation(format, FALSE);
        GstPad* const pad = gst_element_get_static_pad(pipeline_.app(), "src");
        if (gst_pad_peer_query(pad, query) != FALSE && gst_query_get_n_allocation_params(query) > 0)
            gst_query_parse_nth_allocation_param(query, 0, &allocator_, nullptr);
        gst_object_unref(pad);
        gst_query_unref(query);
        gst_caps_unref(format);
        if (allocator_ == nullptr) throw std::runtime_error("GStreamer: the sink has no allocator");
    }

    const size_t bytes_;
    Pipeline pipeline_;
    GstAllocator* allocator_ = nullptr;
    GstBuffer* buffer_ = nullptr;
    GstMapInfo map_{};
};

// The sink's socket is there a moment after its pipeline was started.
std::string receiving_when_there(const Assignment& a) {
    const std::string socket = file_in(a, kSocket);
    for (int i = 0; i < 5000 && access(socket.c_str(), F_OK) != 0; ++i) sleep_for(kNsPerMs);
    return receiving(a);
}

class GstReceiver : public Receiver {
  public:
    explicit GstReceiver(const Assignment& a) : pipeline_(receiving_when_there(a)) {}

    const std::byte* next() override {
        sample_ = gst_app_sink_pull_sample(GST_APP_SINK(pipeline_.app()));
        if (sample_ == nullptr) return nullptr;
        if (gst_buffer_map(gst_sample_get_buffer(sample_), &map_, GST_MAP_READ) == FALSE) return nullptr;
        return reinterpret_cast<const std::byte*>(map_.data);
    }
    void release() override {
        gst_buffer_unmap(gst_sample_get_buffer(sample_), &map_);
        gst_sample_unref(sample_);
    }

  private:
    Pipeline pipeline_;
    GstSample* sample_ = nullptr;
    GstMapInfo map_{};
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<GstSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<GstReceiver>(a);
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
